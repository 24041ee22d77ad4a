"""What columns with few values may hold, and which columns a fact can't do without. Pure data."""

from __future__ import annotations

CHOICES: dict[tuple[str, str], frozenset[str]] = {
    ("subscriptions", "change"): frozenset(
        [
            "trial_started",
            "started",
            "changed",
            "paused",
            "resumed",
            "cancel_asked",
            "cancel_withdrawn",
            "ended",
        ]
    ),
    ("subscriptions", "tier"): frozenset(["free", "basic", "premium"]),
    ("subscriptions", "cause"): frozenset(["choice", "payment", "venue"]),
    ("invoices", "state"): frozenset(["issued", "paid", "void", "uncollectible"]),
    ("payments", "outcome"): frozenset(["captured", "declined", "refunded", "disputed"]),
    ("orders", "state"): frozenset(
        ["open", "paid", "expired", "cancelled", "unserved", "partly_refunded", "refunded"]
    ),
    ("grants", "scope_kind"): frozenset(["event", "season", "subscription"]),
    ("grants", "state"): frozenset(["active", "suspended", "revoked"]),
    ("viewing", "kind"): frozenset(["live", "replay"]),
    ("viewing", "device"): frozenset(["web", "phone", "tv"]),
    ("support", "state"): frozenset(["open", "solved"]),
    ("support", "channel"): frozenset(["web", "player", "mail", "api", "form"]),
    ("support", "settled_by"): frozenset(["article", "bot", "suggestion", "act", "person"]),
    ("messages", "kind"): frozenset(["service", "marketing", "action"]),
    ("messages", "change"): frozenset(
        ["sent", "bounced", "opened", "machine_opened", "clicked", "complained", "unsubscribed"]
    ),
    ("assignments", "arm"): frozenset(["treated", "held_out"]),
    ("visits", "device"): frozenset(["web", "phone", "tv"]),
    ("concerts", "state"): frozenset(["draft", "published", "cancelled"]),
}
"""Table and column -> its values; an empty text is allowed besides, unless it is needed."""

NEEDED: dict[str, frozenset[str]] = {
    "people": frozenset({"person"}),
    "subscriptions": frozenset({"person", "subscription_id", "change"}),
    "invoices": frozenset({"person", "state", "total_minor", "currency"}),
    "payments": frozenset({"person", "outcome", "amount_minor", "currency"}),
    "orders": frozenset({"person", "total_minor", "currency", "state"}),
    "grants": frozenset({"person", "state"}),
    "viewing": frozenset({"person", "kind"}),
    "support": frozenset({"person", "state"}),
    "messages": frozenset({"person", "kind", "change"}),
    "assignments": frozenset({"person", "action_id", "arm"}),
    "consents": frozenset({"person", "purpose", "granted"}),
    "visits": frozenset({"person"}),
    "concerts": frozenset({"concert_id"}),
}
"""What must not be empty, besides `event_at` and the fact's id."""
