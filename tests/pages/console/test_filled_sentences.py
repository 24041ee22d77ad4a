"""Sentences with facts in them: each is really said, and each reads well in French."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from infra.kernel.errors import Conflict, Invalid, Problem
from infra.kernel.money import exponent
from paywall.pages.console.filled_sentences import FORMS, WHY, in_words_of
from paywall.pages.i18n import LOCALES_DIR, Catalogues, Translator

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def french() -> Translator:
    return Catalogues(LOCALES_DIR, exponent).translator("fr")


def said() -> set[str]:
    """Every f-string of the use cases, its facts as {}."""
    found = set()
    for folder in ("paywall", "offers", "churn/triggers", "infra/kernel"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = [
                        str(part.value) if isinstance(part, ast.Constant) else "{}"
                        for part in node.values
                    ]
                    found.add("".join(parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def test_every_form_is_said_by_a_use_case() -> None:
    known = said()
    for form in (*FORMS, *WHY):
        general = re.sub(r"%\(\w+\)s", "{}", form)
        general = re.sub(r"^The (event|season) can last", "The {} can last", general)
        general = re.sub(r"^This is the (venue|installation)'s", "This is the {}'s", general)
        assert general in known, form


def test_every_form_has_its_french_with_the_same_facts(french: Translator) -> None:
    for form in (*FORMS, *WHY):
        told = french.gettext(form)
        assert told != form, form
        assert sorted(re.findall(r"%\(\w+\)s", told)) == sorted(re.findall(r"%\(\w+\)s", form))


@pytest.mark.parametrize(
    ("problem", "spoken"),
    [
        (Conflict("The address gala is in use. Choose another."), ["gala", "déjà"]),
        (Conflict("ord_1 is paid; it can't become expired."), ["ord_1", "payée", "expirée"]),
        (Conflict("This stays closed: the order is refunded."), ["remboursé"]),
        (
            Conflict(
                "This can't go on sale yet. Add a price. Publish the event.",
                missing=["Add a price.", "Publish the event."],
            ),
            ["Ajoutez un prix"],
        ),
        (Conflict("This is the venue's last owner. Name another one first."), ["propriétaire"]),
        (Invalid("who", "days_since_watched: give a number."), ["jours", "nombre"]),
        (Invalid("texts", "{wien} is not filled in. Use {name}, {plan}."), ["{wien}", "{plan}"]),
    ],
)
def test_facts_go_into_the_translation_and_words_of_ours_are_translated_too(
    french: Translator, problem: Problem, spoken: list[str]
) -> None:
    told = in_words_of(french, problem)
    for one in spoken:
        assert one in told.lower() or one in told, told
    assert "Choose" not in told
    assert "days" not in told


def test_what_has_no_form_stays_as_it_was_written(french: Translator) -> None:
    assert in_words_of(french, Conflict("Nobody translated this.")) == "Nobody translated this."
