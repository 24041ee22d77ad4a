"""The languages we answer in, and the spellings under which others name them. Pure."""

from __future__ import annotations

from functools import lru_cache

LANGUAGES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it",
    "ja", "lt", "lv", "mt", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sv", "tr", "zh",
)  # fmt: skip
"""ISO 639-1 codes of the 29 languages, in alphabetical order."""

_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "cmn": "zh", "yue": "zh"}


@lru_cache(maxsize=1_000)
def canonical(code: str) -> str:
    """The ISO 639-1 code behind `nb`, `pt-BR` or `zh_Hans`; "" stays "" (unknown)."""
    first = code.strip().lower().replace("_", "-").split("-")[0]
    return _SAME.get(first, first)
