from __future__ import annotations

import re

import pytest

from paywall.pages.console.bot_reasons import SENTENCES, in_words
from paywall.pages.i18n import Catalogues
from support_bot.training_reason import Reason, Why


@pytest.mark.parametrize(
    ("why", "english", "french"),
    [
        (Why(Reason.HOLDS), "The precision holds on", "La précision tient sur"),
        (Why(Reason.NOT_PRECISE, (0.95,)), "a precision of 95%.", "La précision de 95 % n’est"),
        (Why(Reason.LESS_ACCURATE, (0.8449, 0.821)), "from 84.5% to 82.1%.", "84,5 % à 82,1 %."),
        (Why(Reason.SETTLES_LESS, (1617, 564, 580)), "Of 1,617 known questions it would settle 564 "
         "instead of 580.", "il en réglerait 564 au lieu de 580."),
        (Why(Reason.FINDS_LESS, (99, 8, 9)), "the article of 8 instead", "de 8 au lieu de 9."),
        (Why(Reason.ANSWERS_LESS, (0.4, 0.6), by_hand=True),
         "Used by hand. It would answer 40% directly instead of 60%.", "à la main. Il répondrait"),
    ],
)  # fmt: skip
def test_a_report_speaks_the_readers_language(why: Why, english: str, french: str) -> None:
    for language, part in (("en", english), ("fr", french)):
        said = in_words(Catalogues().translator(language), why)
        assert part in re.sub(r"\s", " ", said)


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
