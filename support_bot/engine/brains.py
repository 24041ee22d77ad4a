"""Several venues' bots in one process, loaded when asked, let go before memory runs out."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from support_bot import articles
from support_bot.articles import Article, Knowledge, merged
from support_bot.engine.archive import BadArchive
from support_bot.engine.bot import Bot, Reply, embedder_for
from support_bot.engine.brain import Asked, Brain
from support_bot.engine.embed import Embedder
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import Record, Shelf, digest
from support_bot.examples import Example

MEMORY_MAX = 560 * 2**20
"""Resident bytes that the process may reach; below the 600 MB that it is promised to stay under."""

GROWTH = 2.2
"""Bytes in memory while a brain is read, for each byte of its file; half of it goes again.

Measured 2026-11-22: a file of 141 MB takes 281 MiB, and 147 MiB once the rest is given back."""

SHIPPED = "_shipped"
"""The shelf of all venues that neither wrote an article nor taught an example."""


class Untrained(Exception):
    """There is no brain for this venue yet."""


def shelf_of(folder: Path, knowledge: Knowledge) -> Shelf:
    """Where the venue's brains lie: venues that added nothing share one shelf."""
    return Shelf(folder / "models" / (SHIPPED if knowledge.is_plain else knowledge.slug))


def lessons(shipped: Sequence[Article], knowledge: Knowledge) -> list[Example]:
    """Every sentence that the venue's bot learns, less examples of articles that are gone."""
    return articles.lessons(merged(shipped, knowledge.own), knowledge.learned)


def is_stale(
    shipped: Sequence[Article], knowledge: Knowledge, record: Record | None, embedder: str
) -> bool:
    """Whether the venue's articles or examples are no longer those the brain was made from."""
    if record is None:
        return True
    return record.made_from != digest(lessons(shipped, knowledge), embedder)


@contextmanager
def training_lock(folder: Path, shelf_name: str) -> Iterator[None]:
    """One training of a shelf at a time on this machine; the kernel frees it with the process."""
    place = folder / "models" / shelf_name
    place.mkdir(parents=True, exist_ok=True)
    with (place / "training.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Brains:
    """Not safe for two threads at once: the bot process asks in turn."""

    def __init__(
        self,
        folder: Path,
        shipped: Sequence[Article],
        *,
        memory_max: int = MEMORY_MAX,
        embeddings: bool = True,
    ) -> None:
        self._folder = folder
        self._shipped = shipped
        self._memory_max = memory_max
        self._embeddings = embeddings
        self._loaded: OrderedDict[tuple[str, int], Brain] = OrderedDict()
        self._identifier = LanguageIdentifier()
        self._fresh = False

    @cached_property
    def embedder(self) -> Embedder | None:
        return embedder_for(self._folder) if self._embeddings else None

    def reply(
        self, knowledge: Knowledge, questions: Sequence[Asked], policy: Policy
    ) -> list[Reply]:
        """One reply a question; raises Untrained."""
        brain = self.brain(knowledge)
        articles = merged(self._shipped, knowledge.own)
        embedder = self.embedder if brain.embedder_name else None
        replies = Bot(articles, brain, embedder, self._identifier).reply(questions, policy)
        if self._fresh:  # the first reply loads the models behind the brain
            self._fresh = False
            _give_back()
        return replies

    def brain(self, knowledge: Knowledge) -> Brain:
        """The venue's brain in use, or that of all until the venue has its own; or Untrained."""
        for shelf, name in (
            (shelf_of(self._folder, knowledge), knowledge.slug),
            (Shelf(self._folder / "models" / SHIPPED), SHIPPED),
        ):
            record = shelf.current()
            if record is None or not self._usable(record):
                continue
            key = (SHIPPED if knowledge.is_plain else name, record.version)
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            self._make_room(shelf, record)
            try:
                brain = shelf.load(record)
            except BadArchive:
                continue
            for old in [k for k in self._loaded if k[0] == key[0]]:
                del self._loaded[old]
            self._loaded[key] = brain
            self._fresh = True
            _give_back()
            return brain
        raise Untrained(knowledge.slug)

    def record(self, knowledge: Knowledge) -> Record | None:
        return shelf_of(self._folder, knowledge).current()

    @property
    def loaded(self) -> int:
        return len(self._loaded)

    def _usable(self, record: Record) -> bool:
        """A brain that needs vectors of another model, or of one that is not installed, is none."""
        if not record.embedder:
            return True
        return self.embedder is not None and self.embedder.name == record.embedder

    def _make_room(self, shelf: Shelf, record: Record) -> None:
        needed = int(shelf.size(record) * GROWTH)
        while self._loaded and resident_bytes() + needed > self._memory_max:
            self._loaded.popitem(last=False)
            gc.collect()
            _give_back()


def resident_bytes() -> int:
    """Of this process; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _give_back() -> None:
    """Have glibc return freed memory to the system; nothing happens with another C library."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return
