from __future__ import annotations

import pytest

from support_bot.engine.identify import LanguageIdentifier
from support_bot.languages import LANGUAGES
from tests.support_bot.builders import HOSTILE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("wo finde ich meine rechnung bitte", "de"),
        ("je n'arrive pas à regarder le concert", "fr"),
        ("画面が真っ黒です", "ja"),
        ("لا أستطيع مشاهدة الحفل", "ar"),
        ("δεν μπορώ να δω τη συναυλία", "el"),
    ],
)
def test_a_sentence_is_told_against_the_interface(
    identifier: LanguageIdentifier, text: str, lang: str
) -> None:
    assert identifier.likeliest(text, "en", LANGUAGES)[0][0] == lang


@pytest.mark.parametrize("lang", ["sv", "nb-NO", "da"])
def test_a_word_that_is_any_language_is_read_as_the_interfaces(
    identifier: LanguageIdentifier, lang: str
) -> None:
    best = identifier.likeliest("refund", lang, LANGUAGES)
    assert best[0][0] == {"nb-NO": "no"}.get(lang, lang)
    assert len(best) == 2
    assert sum(weight for _, weight in best) == pytest.approx(1)


@pytest.mark.parametrize("typed", HOSTILE)
def test_anything_has_two_likeliest_languages(identifier: LanguageIdentifier, typed: str) -> None:
    assert len(identifier.likeliest(typed, "", ("en", "fr", "xx"))) == 2


def test_one_known_language_needs_no_telling(identifier: LanguageIdentifier) -> None:
    assert identifier.likeliest("bonjour", "de", ["it"]) == [("it", 1.0)]
    assert identifier.likeliest("bonjour", "de", []) == []
