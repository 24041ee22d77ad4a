from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io

from infra.kernel.errors import Conflict
from support_bot.engine import archive
from support_bot.engine.brain import Asked, Brain
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import KEPT, Shelf, digest
from support_bot.examples import Example
from tests.support_bot.builders import LetterEmbedder, sample_examples

pytestmark = pytest.mark.slow


def test_a_brain_from_disk_says_the_same(
    tmp_path: Path, embedding_brain: Brain, identifier: LanguageIdentifier
) -> None:
    archive.save(embedding_brain, tmp_path / "brain.skops")
    loaded = archive.load(tmp_path / "brain.skops")
    asked = [Asked("wo ist mein Beleg", "de"), Asked("画面が真っ黒です", "ja"), Asked("")]
    before = embedding_brain.ask(asked, LetterEmbedder(), identifier)
    assert loaded.ask(asked, LetterEmbedder(), identifier) == before
    assert loaded.accuracy == embedding_brain.accuracy


class Stranger:
    """A type that nobody said may be loaded."""


def test_a_file_with_other_types_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "brain.skops"
    skops.io.dump({"format": archive.FORMAT, "brain": Stranger()}, path)
    with pytest.raises(archive.BadArchive, match="not trusted"):
        archive.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x80\x04pickle"])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "brain.skops"
    path.write_bytes(content)
    with pytest.raises(archive.BadArchive):
        archive.load(path)


def test_a_file_of_another_format_is_not_used(tmp_path: Path) -> None:
    skops.io.dump({"format": 0, "brain": {}}, tmp_path / "brain.skops")
    with pytest.raises(archive.BadArchive, match="another version"):
        archive.load(tmp_path / "brain.skops")


def test_no_pickle_is_written(tmp_path: Path, plain_brain: Brain) -> None:
    archive.save(plain_brain, tmp_path / "brain.skops")
    with zipfile.ZipFile(tmp_path / "brain.skops") as parts:
        assert {name.split(".")[-1] for name in parts.namelist()} <= {"json", "npy", "npz"}
        for name in parts.namelist():
            if name.endswith(".npy"):
                with parts.open(name) as part:
                    np.load(part, allow_pickle=False)


def test_the_version_before_is_one_step_back(tmp_path: Path, plain_brain: Brain) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.current() is None
    first = shelf.add(plain_brain, "a", Policy())
    assert shelf.current() is None, "stored is not yet used"
    shelf.use(first)
    second = shelf.add(plain_brain, "b", Policy())
    shelf.use(second)
    assert shelf.current() == second
    assert shelf.back() == first
    assert shelf.current() == first
    with pytest.raises(Conflict):
        shelf.back()


def test_old_versions_are_forgotten(tmp_path: Path, plain_brain: Brain) -> None:
    shelf = Shelf(tmp_path)
    for turn in range(KEPT + 3):
        shelf.use(shelf.add(plain_brain, str(turn), Policy()))
    assert len(list(tmp_path.glob("v*"))) == KEPT
    current = shelf.current()
    assert current is not None
    assert current.made_from == str(KEPT + 2)


def test_the_digest_follows_examples_and_embedder_not_their_order() -> None:
    examples = sample_examples()
    assert digest(examples, "e-1") == digest(examples[::-1], "e-1")
    assert digest(examples, "e-1") != digest(examples, "")
    assert digest(examples, "e-1") != digest([*examples, Example("x", "tv")], "e-1")
