"""Brains on disk: one `skops` file each, never pickle, and only the types named here are loaded."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import skops.io

from infra.kernel.errors import Problem
from support_bot.engine.brain import Brain

FORMAT = 4
"""Raised when a stored state changes its meaning; an older file is then trained anew."""

TRUSTED = ("scipy.sparse._csr.csr_matrix",)
"""Beside skops' own list (numbers, text, lists, dicts, numpy arrays)."""


class BadArchive(Problem):
    """A file that is no brain of this version; it has to be trained again."""

    status = 422
    code = "bad_model"
    title = "The trained model can't be loaded"


def save(brain: Brain, path: Path) -> None:
    """Write the brain; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    skops.io.dump({"format": FORMAT, "brain": brain.state()}, part)
    os.replace(part, path)


def load(path: Path) -> Brain:
    """Read a brain; raises BadArchive when the file holds another type, format or nothing."""
    try:
        strange = set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED)
        if strange:
            raise BadArchive(f"{path.name} holds types that are not trusted: {sorted(strange)}.")
        stored = skops.io.load(path, trusted=list(TRUSTED))
        if stored["format"] != FORMAT:
            raise BadArchive(f"{path.name} was written by another version. Train again.")
        return Brain.from_state(stored["brain"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise BadArchive(f"{path.name} can't be loaded. Train again.") from error
