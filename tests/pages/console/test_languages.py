"""The console speaks English and French, whatever else the viewers' pages speak."""

from __future__ import annotations

import pytest

from paywall.accounts.roles import Role
from tests.pages.console.conftest import Console


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de, fr;q=0.5", "fr-FR"), ("ar", "en-GB"), ("fr", "fr-FR")]
)
@pytest.mark.parametrize("page", ["", "/orders/ord_that_is_not_there"])
async def test_the_console_answers_in_a_language_that_it_speaks_whole(
    console: Console, asked: str, spoken: str, page: str
) -> None:
    owner = await console.sign_in(Role.OWNER)
    answer = await owner.get(console.at + page, headers={"Accept-Language": asked})
    assert f'<html lang="{spoken}"' in answer.text
