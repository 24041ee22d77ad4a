from __future__ import annotations

import numpy as np
import pytest

from support_bot.engine.accents import Accents
from support_bot.engine.features import Array

DIMENSIONS = 24


def sentences(dice: np.random.Generator, labels: Array, langs: list[str]) -> Array:
    """Unit rows of a meaning, a stronger accent, and some noise."""
    meanings, accents = dice.normal(size=(9, DIMENSIONS)), 2 * dice.normal(size=(9, DIMENSIONS))
    own = {lang: accents[i] for i, lang in enumerate(sorted(set(langs)))}
    rows = meanings[labels] + np.stack([own[lang] for lang in langs])
    rows += 1.5 * dice.normal(size=rows.shape)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def alike(rows: Array, labels: Array, langs: list[str]) -> float:
    """Share of sentences whose nearest one in another language has the same meaning."""
    likeness = rows @ rows.T
    code = np.array(langs)
    likeness[code[:, None] == code[None, :]] = -2.0
    return float((labels[likeness.argmax(axis=1)] == labels).mean())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_thing_said_in_two_languages_comes_together(seed: int) -> None:
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, 5, 600)
    langs = [str(code) for code in dice.choice(["en", "fr", "ja"], 600)]
    rows = sentences(dice, labels, langs)
    plain = Accents.fit(rows, labels, langs).without(rows, [[(lang, 1.0)] for lang in langs])
    assert alike(plain, labels, langs) > alike(rows, labels, langs) + 0.05
    assert np.linalg.norm(plain, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_language_in_which_one_thing_is_asked_keeps_what_it_asks() -> None:
    dice = np.random.default_rng(4)
    labels = np.array([0] * 200 + [1] * 200)
    langs = ["en"] * 200 + ["fr"] * 200
    rows = sentences(dice, labels, langs)
    plain = Accents.fit(rows, labels, langs).without(rows, [[(lang, 1.0)] for lang in langs])
    assert plain == pytest.approx(rows, abs=1e-4)


def test_one_language_or_an_unknown_one_has_no_accent() -> None:
    dice = np.random.default_rng(5)
    labels = dice.integers(0, 5, 100)
    rows = sentences(dice, labels, ["en"] * 100)
    alone = Accents.fit(rows, labels, ["en"] * 100)
    assert (alone.without(rows, [[("en", 1.0)]] * 100) == rows).all()
    two = Accents.fit(rows, labels, ["en", "fr"] * 50)
    assert two.without(rows, [[]] * 100) == pytest.approx(rows, abs=1e-5)


def test_a_sentence_of_two_possible_languages_loses_a_part_of_each() -> None:
    dice = np.random.default_rng(6)
    labels = dice.integers(0, 5, 400)
    langs = ["en", "fr"] * 200
    accents = Accents.fit(sentences(dice, labels, langs), labels, langs)
    row = np.zeros((1, DIMENSIONS), np.float32)
    row[0, 0] = 1.0
    english, french, both = (
        accents.without(row, [said])
        for said in ([("en", 1.0)], [("fr", 1.0)], [("en", 0.5), ("fr", 0.5)])
    )
    assert (both @ english.T).item() > (english @ french.T).item()
