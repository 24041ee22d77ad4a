"""Trained brains in numbered folders: one of them is current, and the one before is a step away."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infra.kernel.errors import Conflict
from support_bot.engine import archive
from support_bot.engine.brain import Brain
from support_bot.engine.gate import Policy
from support_bot.examples import Example

KEPT = 5
"""Versions that stay on disk, the current one among them."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a version without loading it.

    made_from: digest of examples, embedder and format. precision, coverage: estimated out of fold
    for the wanted precision; accuracy: in scope, out of fold; None where too few examples exist.
    """

    version: int
    made_from: str
    embedder: str
    examples: int
    intents: int
    wanted_precision: float
    precision: float | None
    coverage: float | None
    accuracy: float | None


class Shelf:
    """One folder of versions. Written by one process at a time, read by any number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> Record | None:
        """The version in use, None before the first."""
        try:
            number = int((self._folder / "current").read_text())
            return msgspec.json.decode(self._path(number, "record.json").read_bytes(), type=Record)
        except (OSError, ValueError):
            return None

    def load(self, record: Record) -> Brain:
        """The brain of a version; raises archive.BadArchive."""
        return archive.load(self._path(record.version, "brain.skops"))

    def add(self, brain: Brain, made_from: str, policy: Policy) -> Record:
        """Store the brain as a new version that is not yet current."""
        number = max(self._numbers(), default=0) + 1
        record = record_of(brain, number, made_from, policy)
        archive.save(brain, self._path(number, "brain.skops"))
        _write(self._path(number, "record.json"), msgspec.json.encode(record))
        return record

    def use(self, record: Record) -> None:
        """Make a stored version the current one and forget those that are long past."""
        _write(self._folder / "current", str(record.version).encode())
        past = [n for n in self._numbers() if n != record.version]
        for number in past[: max(0, len(past) - KEPT + 1)]:
            shutil.rmtree(self._folder / f"v{number:05}", ignore_errors=True)

    def back(self) -> Record:
        """Make the version before the current one current; raises Conflict if there is none."""
        record = self.current()
        before = [n for n in self._numbers() if record is not None and n < record.version]
        if not before:
            raise Conflict("There is no earlier version of this bot to go back to.")
        _write(self._folder / "current", str(before[-1]).encode())
        now = self.current()
        assert now is not None, "a version without its record"
        return now

    def size(self, record: Record) -> int:
        """Bytes of the version's brain on disk; 0 where it is gone."""
        try:
            return self._path(record.version, "brain.skops").stat().st_size
        except OSError:
            return 0

    def adopt(self, other: Shelf) -> Record | None:
        """Begin with another shelf's current version, so that there is a version to compare with.

        Nothing happens where this shelf has one already, or the other has none.
        """
        record = other.current()
        if record is None or self.current() is not None:
            return self.current()
        for name in ("brain.skops", "record.json"):
            target = self._path(record.version, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(other._path(record.version, name), target)
        self.use(record)
        return record

    def versions(self) -> list[Record]:
        """Every version on disk, the newest first."""
        return [
            msgspec.json.decode(self._path(number, "record.json").read_bytes(), type=Record)
            for number in reversed(self._numbers())
        ]

    def discard(self, record: Record) -> None:
        """Remove a version that was not accepted."""
        shutil.rmtree(self._folder / f"v{record.version:05}", ignore_errors=True)

    def _numbers(self) -> list[int]:
        found = self._folder.glob("v[0-9]*/record.json")
        return sorted(int(file.parent.name[1:]) for file in found)

    def _path(self, number: int, name: str) -> Path:
        return self._folder / f"v{number:05}" / name


def record_of(brain: Brain, version: int, made_from: str, policy: Policy) -> Record:
    """What the brain promises, by its own out-of-fold calibration."""
    held = brain.thresholds(policy)
    return Record(
        version=version,
        made_from=made_from,
        embedder=brain.embedder_name,
        examples=brain.examples,
        intents=len(brain.intents),
        wanted_precision=policy.wanted_precision,
        precision=held.precision if held.coverage else None,
        coverage=held.coverage,
        accuracy=brain.accuracy,
    )


def digest(examples: Sequence[Example], embedder: str) -> str:
    """Equal for the same examples in any order, the same embedder and this version's format."""
    seen = hashlib.blake2b(f"{archive.FORMAT}\0{embedder}\0".encode(), digest_size=16)
    for example in sorted(examples, key=lambda e: (e.intent, e.lang, e.text)):
        line = msgspec.json.encode((example.text, example.intent, example.lang))
        seen.update(line + b"\n")
    return seen.hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    os.replace(part, path)
