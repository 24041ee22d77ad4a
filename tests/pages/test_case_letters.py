"""Mails about a request: the assistant's own answer, and a receipt that names articles."""

from pathlib import Path
from typing import Any

import pytest

from paywall.pages.environment import make_environment
from paywall.pages.i18n import LANGUAGES, Catalogues, compile_catalogues
from paywall.pages.mail_rendering import PageMailRenderer

ARTICLE = ["Ça saccade", "https://t.example/venues/verriere/help/buffering?lang=fr"]
JUDGE = "https://t.example/requests/cas_1/answer?mark=abc"
DATA: dict[str, Any] = {
    "subject": "L’image",
    "tag": "[#1001-aaaaaaaaaa]",
    "number": 1001,
    "answerable": True,
    "url": "https://t.example/requests/cas_1",
    "judge_url": JUDGE,
    "venue": {"name": "La Verrière", "contact_email": "x@y.example", "timezone": "Europe/Paris"},
}


@pytest.fixture(scope="module")
def renderer() -> PageMailRenderer:
    compile_catalogues()
    catalogues = Catalogues()
    return PageMailRenderer(make_environment(Path("no-build"), catalogues), catalogues)


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_the_assistants_answer_has_its_article_and_the_way_to_a_person(
    renderer: PageMailRenderer, locale: str
) -> None:
    data = DATA | {"text": "Videz **le cache**.\n<b>x</b>", "article": ARTICLE}
    made = renderer.render("case_answer", locale, data)
    assert "<strong>le cache</strong>" in made.html
    for words in (ARTICLE[0], ARTICLE[1], JUDGE):
        assert words in made.text
        assert words.replace("&", "&amp;") in made.html
    assert made.subject == "Re: L’image [#1001-aaaaaaaaaa]"


def test_a_notices_answer_names_no_article(renderer: PageMailRenderer) -> None:
    made = renderer.render("case_answer", "en", DATA | {"text": "We know.", "article": []})
    assert "/help/" not in made.text + made.html
    assert "Reply to this mail and a person answers you." in made.text


def test_a_receipt_names_articles_only_where_there_are_some(renderer: PageMailRenderer) -> None:
    named = renderer.render("case_received", "en", DATA | {"by": "", "articles": [ARTICLE]})
    assert ARTICLE[1] in named.text
    assert ARTICLE[1] in named.html
    assert JUDGE in named.text
    plain = renderer.render(
        "case_received", "en", DATA | {"by": "", "articles": [], "judge_url": ""}
    )
    assert "right away" not in plain.text + plain.html
