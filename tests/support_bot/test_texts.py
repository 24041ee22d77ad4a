import pytest

from support_bot.texts import TIDY_MAX, fold, has_words, spaced, tidy, within_bytes
from tests.support_bot.builders import HOSTILE


@pytest.mark.parametrize("typed", HOSTILE)
def test_whatever_is_typed_becomes_one_bounded_line(typed: str) -> None:
    text = tidy(typed)
    assert len(text) <= TIDY_MAX
    assert "\n" not in text
    assert "\x00" not in text
    text.encode("utf-8")


def test_tags_go_and_what_they_held_stays() -> None:
    assert tidy("<p>Where is my <b>ticket</b>?</p>") == "Where is my ticket ?"
    assert tidy("I <3 this band & want in") == "I <3 this band & want in"
    assert tidy("&lt;i&gt;refund&lt;/i&gt;") == "refund"


def test_a_long_mail_keeps_its_beginning_and_its_end() -> None:
    text = tidy(f"first {'filler ' * 2_000} last")
    assert text.startswith("first ")
    assert text.endswith(" last")


def test_spellings_of_one_question_are_equal() -> None:
    assert fold("  ＲＥＦＵＮＤ\u00a0Please ") == fold("refund please")


def test_han_characters_stand_apart_for_words() -> None:
    assert spaced("看票ok").split() == ["看", "票", "ok"]


def test_a_cut_never_splits_a_letter() -> None:
    assert within_bytes("ééé", 5) == "éé"


def test_emoji_are_no_words() -> None:
    assert not has_words("😀 !? …")
    assert has_words("テレビ")
