from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support_bot.differences import Piece, by_line, by_word


def test_a_changed_word_is_marked_and_the_rest_is_not() -> None:
    assert by_word("until the doors", "until the end") == [
        Piece("same", "until the "),
        Piece("gone", "doors"),
        Piece("new", "end"),
    ]


@given(st.text(max_size=200), st.text(max_size=200))
def test_nothing_is_lost_on_either_side(older: str, newer: str) -> None:
    pieces = by_word(older, newer)
    assert "".join(p.text for p in pieces if p.kind != "new") == older
    assert "".join(p.text for p in pieces if p.kind != "gone") == newer


def test_lists_are_compared_line_by_line() -> None:
    assert by_line(["a", "b"], ["b", "c"]) == [
        Piece("gone", "a"),
        Piece("same", "b"),
        Piece("new", "c"),
    ]
