"""Believable examples of requests and answers, made from their JSON schemas. Pure."""

from __future__ import annotations

from typing import Any

# By member name, so that the same thing reads the same everywhere in the documentation.
BY_NAME: dict[str, Any] = {
    "accent": "#e0a458",
    "address": "12 rue des Lilas, 69003 Lyon",
    "about_html": "<p>Three nights under the glass roof.</p>",
    "about_md": "Three nights **under the glass roof**.",
    "amount": 1299,
    "city": "Lyon",
    "capacity": 500,
    "code": "EARLYBIRD",
    "contact_email": "billetterie@example.com",
    "country": "FR",
    "coupon": "EARLYBIRD",
    "currency": "EUR",
    "discount_bps": 2000,
    "doors_s": 1800,
    "email": "ana@example.com",
    "ends_at": "2026-11-22T22:30:00Z",
    "legal_name": "La Verrière SARL",
    "locale": "fr",
    "name": "Nuit blanche, live",
    "max_uses": 100,
    "next_cursor": "WyIyMDI2LTExLTIyVDIwOjAwOjAwWiIsImV2dF8wMWs5eDRtOHoydjciXQ",
    "percent_bps": 2000,
    "play_window_s": 172_800,
    "quantity": 1,
    "replay_window_s": 86_400,
    "slug": "nuit-blanche-live",
    "starts_at": "2026-11-22T20:00:00Z",
    "source": "grande-salle",
    "subtitle": "Un concert sous la verrière",
    "taken": 120,
    "terms_url": "https://example.com/terms",
    "timezone": "Europe/Paris",
    "vat_bps": 2000,
    "vat_number": "FR40303265045",
    "version": 3,
    "url": "https://cdn.example.com/live/index.m3u8",
}
USUAL = ("published", "on_sale", "paid", "open", "stream_ticket", "local", "active", "succeeded")
"""Members of enumerations that tell more in an example than the first of the alphabet."""

PREFIXES = {
    "coupon_id": "cpn",
    "delivery_id": "out",
    "endpoint_id": "whe",
    "event_id": "evt",
    "offer_id": "ofr",
    "order_id": "ord",
    "price_id": "prc",
    "refund_id": "ref",
    "replay_id": "rpl",
    "scope_id": "evt",
    "season_id": "ssn",
    "stream_id": "str",
    "trigger_id": "trg",
    "venue_id": "ven",
}
_TAIL = "01k9x4m8z2v7q0n3t5r6s8w1ya"


def example_of(schema: Any, components: dict[str, Any], name: str = "") -> Any:
    """A value that the schema allows."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return next((usual for usual in USUAL if usual in schema["enum"]), schema["enum"][0])
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        real = [s for s in schema["anyOf"] if s.get("type") != "null"]
        return example_of(real[0], components, name) if real else None
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, components)
    if kind == "array":
        return [example_of(schema["items"], components, name)] if "items" in schema else []
    if kind == "boolean":
        return bool(schema.get("default", True))
    if kind == "null":
        return None
    if kind in {"integer", "number"}:
        return _number(schema, name)
    return _text(schema, name) if kind == "string" else None


def _object(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    title = str(schema.get("title", ""))
    result = {}
    for member, sub in schema.get("properties", {}).items():
        known = f"{title.lower()}.id" if member == "id" else member
        result[member] = example_of(sub, components, known)
    return result


def _number(schema: dict[str, Any], name: str) -> int:
    value = BY_NAME.get(name)
    if not isinstance(value, int):
        value = int(schema.get("minimum", 0)) or 1
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return int(min(max(value, low), high))


def _text(schema: dict[str, Any], name: str) -> str:
    if schema.get("format") == "date-time" or name.endswith(("_at", "_from", "_until")):
        return str(BY_NAME.get(name, "2026-11-22T20:00:00Z"))
    if name.endswith(".id"):
        noun = name.split("view")[0].split(".")[0]
        return f"{PREFIXES.get(noun + '_id', 'obj')}_{_TAIL}"
    noun = name if name in PREFIXES else f"{name}_id"
    if noun in PREFIXES or str(schema.get("pattern", "")).startswith("^[a-z]{2,5}_"):
        return f"{PREFIXES.get(noun, 'obj')}_{_TAIL}"
    value = BY_NAME.get(name)
    if isinstance(value, str):
        return value[: schema.get("maxLength", len(value))]
    if schema.get("default"):
        return str(schema["default"])
    return "text"[: schema.get("maxLength", 4)].ljust(schema.get("minLength", 0), "x")
