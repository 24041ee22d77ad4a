"""What a text must look like, said in a sentence where a pattern refused it. Pure."""

from __future__ import annotations

import re

_SAID = re.compile(r"matching regex (['\"])(?P<pattern>.*)\1")

# By pattern; a test holds every pattern of a request to this table.
SENTENCES = {
    r"^[a-z]{2,5}_[0-9a-z]{26}$": "This is no id of ours. Send it as we gave it, such as"
    " evt_01k9x4m8z2v7q0n3t5r6s8w1ya.",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "Use small letters, digits and single hyphens between them.",
    r"^[A-Z]{3}$": "Use the currency's three capital letters (ISO 4217), such as EUR.",
    r"^([A-Z]{3})?$": "Use the currency's three capital letters (ISO 4217), such as EUR, or none"
    " for all.",
    r"^(\d{4}-(0[1-9]|1[0-2]))?$": "Use a month as year and two digits, such as 2026-03.",
    r"^(todo|nobody|late|answered|waiting|solved|all)$": (
        "Use todo, nobody, late, answered, waiting, solved or all."
    ),
    r"^(open|waiting|solved)$": "Use open, waiting or solved.",
    r"^[A-Z]{2}$": "Use the country's two capital letters (ISO 3166-1), such as FR.",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "Write the address as in ines@example.org.",
    r"^[a-z]{2}(-[A-Z]{2})?$": "Use a language, such as fr or fr-CH.",
    r"^[a-z]{2}$": "Use a language's two small letters, such as fr.",
    r"^#[0-9a-f]{6}$": "Give the colour as # and six hexadecimal digits, such as #e0a458.",
    r"^[0-9 ]{0,23}$": "Write the card's digits, with spaces or without.",
    r"^[A-Za-z0-9_-]+$": "This is no session of ours. Send the session_id as we gave it.",
    r"^[\x20-\x7e]*$": "Use printable ASCII characters only.",
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "Use letters, digits, - and _, beginning with one of the"
    " first two.",
}
OTHERWISE = "It does not have the documented form; see /docs."


def sentence(said: str) -> str:
    """The validator's message, or what it means where it only shows a pattern."""
    found = _SAID.search(said)
    if found is None:
        return said
    pattern = found["pattern"].replace("\\\\", "\\")
    return SENTENCES.get(pattern, OTHERWISE)
