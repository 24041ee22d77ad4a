from __future__ import annotations

import inspect
import re

import pytest

from paywall.cli import support_training
from paywall.pages.console import bot_reasons
from paywall.pages.i18n import Catalogues
from support_bot.engine import learning


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("Out-of-fold precision holds.", "La précision tient sur des questions"),
        ("It no longer reaches a precision of 95%.", "La précision de 95\N{NO-BREAK SPACE}% n’est"),
        ("Its accuracy would fall from 84.5% to 82.1%.", "passerait de 84,5"),
        ("Of 1617 known questions it would settle 564 instead of 580.", "il en réglerait 564"),
        ("Used by hand. It would answer 40% directly instead of 60%.", "service à la main. Il"),
        ("An older version’s sentence.", "An older version’s sentence."),
    ],
)
def test_a_report_speaks_the_readers_language(why: str, said: str) -> None:
    french = bot_reasons.in_words(Catalogues().translator("fr"), why)
    assert said.replace("\N{NO-BREAK SPACE}", " ") in re.sub(r"\s", " ", french)
    english = bot_reasons.in_words(Catalogues().translator("en"), why)
    assert english.replace(",", "") == why


def test_every_sentence_of_the_engine_is_known() -> None:
    """What the engine writes, with any numbers in it, is one of the forms that are translated."""
    source = inspect.getsource(learning) + inspect.getsource(support_training)
    joined = re.sub(r'"\s*\n\s*f?"', "", source)
    written = set(re.findall(r'(?:return \(?\s*|True, )f?"([A-Z][^"]+\.)"', joined))
    assert len(written) >= 8
    for sentence in written:
        why = re.sub(r"\{[^}]*\}", "5", sentence)
        assert any(form.fullmatch(why) for form, _ in bot_reasons._FORMS), sentence
