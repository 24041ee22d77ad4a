"""Mails to staff come in the console's languages."""

from pathlib import Path
from typing import Any

import pytest

from paywall.pages.environment import make_environment
from paywall.pages.i18n import Catalogues, compile_catalogues
from paywall.pages.mail_rendering import LETTERS, PageMailRenderer
from paywall.pages.staff_letters import STAFF_LETTERS

DATA: dict[str, Any] = {
    "url": "https://example.org/hook",
    "reason": "gone",
    "venue": {"name": "La Verrière", "contact_email": "bonjour@example.org"},
}


@pytest.fixture(scope="module")
def renderer() -> PageMailRenderer:
    compile_catalogues()
    catalogues = Catalogues()
    return PageMailRenderer(make_environment(Path("no-build"), catalogues), catalogues)


@pytest.mark.parametrize(
    ("locale", "spoken"), [("fr", "fr-FR"), ("en", "en-GB"), ("de", "en-GB"), ("", "en-GB")]
)
def test_a_mail_to_staff_is_in_a_language_of_the_console(
    renderer: PageMailRenderer, locale: str, spoken: str
) -> None:
    made = renderer.render("webhook_disabled", locale, DATA)
    assert f'lang="{spoken}"' in made.html
    assert made.subject


def test_every_letter_to_staff_can_be_enqueued() -> None:
    assert STAFF_LETTERS.keys() < LETTERS.keys()
