"""States and kinds in people's words, with the tone of their badge; translated where shown."""

from __future__ import annotations

from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell
from paywall.pages.i18n import Translator

STATES: dict[str, tuple[str, str]] = {
    # events
    "draft": (N_("Draft"), "plain"),
    "published": (N_("Published"), "good"),
    "cancelled": (N_("Cancelled"), "bad"),
    # offers
    "on_sale": (N_("On sale"), "good"),
    "paused": (N_("Paused"), "warn"),
    "archived": (N_("Archived"), "plain"),
    # orders
    "open": (N_("Open"), "warn"),
    "paid": (N_("Paid"), "good"),
    "expired": (N_("Expired"), "plain"),
    "unserved": (N_("Paid too late"), "bad"),
    "partly_refunded": (N_("Partly refunded"), "warn"),
    "refunded": (N_("Refunded"), "plain"),
    # payments and refunds
    "created": (N_("Not sent yet"), "plain"),
    "sent": (N_("Sent"), "plain"),
    "unknown": (N_("Outcome not known yet"), "warn"),
    "pending": (N_("Waiting"), "warn"),
    "authorised": (N_("Authorised"), "warn"),
    "captured": (N_("Captured"), "good"),
    "succeeded": (N_("Done"), "good"),
    "failed": (N_("Failed"), "bad"),
    # disputes
    "won": (N_("Won"), "good"),
    "lost": (N_("Lost"), "bad"),
    # grants and players
    "active": (N_("Active"), "good"),
    "suspended": (N_("Stopped"), "warn"),
    "revoked": (N_("Taken back"), "plain"),
    # webhooks
    "enabled": (N_("Enabled"), "good"),
    "disabled": (N_("Disabled"), "bad"),
    "waiting": (N_("Waiting"), "warn"),
    "sending": (N_("Being sent"), "warn"),
    # payment accounts
    "closed": (N_("Closed"), "plain"),
    # actions
    "running": (N_("Running"), "good"),
    "ended": (N_("Ended"), "plain"),
    # venues
    "test": (N_("Test mode"), "warn"),
    "live": (N_("Live"), "good"),
}

OFFER_KINDS = {
    "stream_ticket": N_("Stream ticket"),
    "replay": N_("Replay"),
    "season_pass": N_("Season pass"),
}

ROLES = {
    "owner": N_("Owner"),
    "manager": N_("Manager"),
    "finance": N_("Finance"),
    "marketing": N_("Marketing"),
    "support": N_("Support"),
    "box_office": N_("Box office"),
    "scanner": N_("Scanner"),
    "producer": N_("Producer"),
    "operator": N_("Operator"),
    "reviewer": N_("Reviewer"),
    "installation_finance": N_("Finance of the installation"),
}

ROLE_SENTENCES = {
    "owner": N_("Everything, staff and keys included."),
    "manager": N_("Events, offers, orders, refunds and people; no staff, no keys."),
    "finance": N_("Orders, refunds, money and payment accounts."),
    "marketing": N_("Offers, coupons and actions; sees no money and no people."),
    "support": N_("Orders and people; can stop players."),
    "box_office": N_("Sells at the counter and scans."),
    "scanner": N_("Scans tickets, nothing else."),
    "producer": N_("Sees only their own projects."),
    "operator": N_("Opens venues and looks after the installation."),
    "reviewer": N_("Reviews venues before they go live."),
    "installation_finance": N_("Sees the installation's money."),
}

ACCOUNTS = {
    "external": N_("Taken elsewhere"),
    "venue": N_("Yours"),
    "tax": N_("Tax you owe"),
    "platform": N_("Share of the installation"),
    "processor_fees": N_("Fees of processors"),
    "disputed": N_("Held in disputes"),
}
ACCOUNT_SENTENCES = {
    "external": N_("Money your tills and transfers took."),
    "venue": N_("Sales without tax and share."),
    "tax": N_("Contained in what was sold; for your tax return."),
    "platform": N_("What the installation keeps of each sale."),
    "processor_fees": N_("What processors kept."),
    "disputed": N_("Taken back by banks while disputes run."),
}

MOVEMENTS = {
    "charge": N_("Sale"),
    "fee": N_("Processor's fee"),
    "refund": N_("Refund"),
    "refund_failed": N_("Refund that came back"),
    "dispute": N_("Dispute"),
    "dispute_won": N_("Dispute won"),
    "dispute_lost": N_("Dispute lost"),
    "dispute_fee": N_("Dispute fee"),
}

SCOPES = {
    "catalogue.read": N_("Read events, offers and drafts"),
    "catalogue.write": N_("Make and change seasons, events, streams and replays"),
    "offers.write": N_("Make and change offers, prices and coupons"),
    "orders.read": N_("Read orders"),
    "orders.create": N_("Record orders paid elsewhere"),
    "orders.refund": N_("Give money back"),
    "money.read": N_("Read balances and postings"),
    "people.read": N_("Read customers"),
    "playback.read": N_("See who is watching"),
    "playback.stop": N_("Stop players and open access again"),
    "support.read": N_("Read help articles, votes and cases"),
    "support.write": N_("Write help articles and answer cases"),
    "webhooks.manage": N_("Manage webhooks"),
    "marketing.read": N_("Read actions and what they changed"),
    "marketing.write": N_("Make, start and pause actions"),
}

DECLINES = {
    "card_declined": N_("The card was declined."),
    "insufficient_funds": N_("Not enough money on the card."),
    "authentication_failed": N_("3-D Secure was not passed."),
    "expired_card": N_("The card has expired."),
    "incorrect_cvc": N_("The security code was wrong."),
    "fraud_suspected": N_("The bank suspects fraud."),
    "method_unavailable": N_("The method was not available."),
    "abandoned": N_("The payer left or took too long."),
    "other": N_("Declined without a reason."),
}


def state_text(locale: Translator, state: str) -> str:
    return locale.gettext(STATES[state][0]) if state in STATES else state


def tone(state: str) -> str:
    return STATES[state][1] if state in STATES else "plain"


def state_cell(locale: Translator, state: str) -> Cell:
    return Cell(state_text(locale, state), raw=state, tone=tone(state))


def account_text(locale: Translator, account: str, labels: dict[str, str]) -> str:
    """A ledger account in words; `labels` name the payment accounts by id."""
    if account.startswith("processor:"):
        known = labels.get(account.removeprefix("processor:"))
        return known or locale.gettext(N_("Payment account"))
    return locale.gettext(ACCOUNTS[account]) if account in ACCOUNTS else account
