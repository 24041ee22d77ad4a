"""What changed between two texts, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec

Kind = Literal["same", "gone", "new"]
_PIECE = re.compile(r"\s+|[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text that is in both, only in the older, or only in the newer."""

    kind: Kind
    text: str


def by_word(older: str, newer: str) -> list[Piece]:
    """The two texts as one: joined without what is new they are the older, without what is gone
    the newer.
    """
    return _pieces(_PIECE.findall(older), _PIECE.findall(newer), "")


def by_line(older: Sequence[str], newer: Sequence[str]) -> list[Piece]:
    """The same for lists, such as phrasings: one piece a line."""
    found = _pieces(list(older), list(newer), "\n")
    return [Piece(one.kind, text) for one in found for text in one.text.split("\n")]


def _pieces(older: list[str], newer: list[str], between: str) -> list[Piece]:
    pieces: list[Piece] = []

    def add(kind: Kind, words: list[str]) -> None:
        if words:
            pieces.append(Piece(kind, between.join(words)))

    for tag, a, b, c, d in SequenceMatcher(None, older, newer, autojunk=False).get_opcodes():
        if tag == "equal":
            add("same", older[a:b])
        else:
            add("gone", older[a:b])
            add("new", newer[c:d])
    return pieces
