"""What people type, bounded and made comparable. Pure; it never raises, whatever it is given."""

from __future__ import annotations

import html
import re
import unicodedata

TYPED_MAX = 20_000
"""Characters that are looked at at all; the rest of a longer message is not read."""

TIDY_MAX = 2_000
"""Characters that remain after tidying; a longer message keeps its beginning and its end."""

_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,300}>")
_SPACE = re.compile(r"\s+")
_HAN = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff])")


def tidy(typed: str) -> str:
    """One line in NFKC without tags, control characters, lone surrogates and outer spaces.

    At most TIDY_MAX characters: of more, the first three quarters and the last quarter stay,
    because a long mail asks its question at either end.
    """
    text = typed[:TYPED_MAX]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co"} else c for c in text)
    text = _SPACE.sub(" ", text).strip()
    if len(text) > TIDY_MAX:
        tail = TIDY_MAX // 4
        text = f"{text[: TIDY_MAX - tail - 1]} {text[-tail:]}"
    return text


def fold(typed: str) -> str:
    """Tidied and without case: equal for two spellings of the same question."""
    return tidy(typed).casefold()


def spaced(folded: str) -> str:
    """With a space around every Han character, which are written without spaces between words."""
    return _HAN.sub(r" \1 ", folded)


def within_bytes(text: str, bytes_max: int) -> str:
    """The longest beginning of text that takes at most bytes_max bytes in UTF-8."""
    raw = text.encode("utf-8", "ignore")
    return text if len(raw) <= bytes_max else raw[:bytes_max].decode("utf-8", "ignore")


def has_words(folded: str) -> bool:
    """False for what holds no letter and no digit: emoji, dots, an empty line."""
    return any(c.isalnum() for c in folded)
