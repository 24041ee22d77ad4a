"""Keeps a model in a folder: skops and JSON, never pickle; and refuses to replace a better one."""

from __future__ import annotations

import os
import tempfile
import warnings
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from churn.card import markdown
from churn.columns import typed
from churn.figures import row_log_loss
from churn.pipeline import Method, Model, Shape
from churn.problems import UntrustedModel, WorseThanBefore
from churn.report import Beside, Report
from churn.train import Trained

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

TRUSTED = (
    "churn.blend.Blend",
    "churn.encode.Bends",
    "churn.encode.Holes",
    "churn.rules.Questions",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.StratifiedKFold",
    "numpy.dtype",
)
"""Every type besides skops' own safe ones that a model of ours holds; nothing else is opened."""

MODEL, REPORT, BESIDE, SHAPE, CARD, ROWS = (
    "model.skops",
    "card.json",
    "beside.json",
    "shape.json",
    "card.md",
    "rows.npz",
)
COMPARED_MIN = 200
LEAVERS_COMPARED_MIN = 20
CLEARLY = 1.645
"""Standard errors by which a new model must be worse to be refused: one-sided 95 %."""

NOTHING = 1e-6
"""A difference in log loss that rounding alone can make."""


class Stored(msgspec.Struct):
    """A model as it lies in its folder."""

    model: Model
    report: Report
    beside: Beside
    rows: Hashes
    """Rows learned from, by a hash of what the model read of them."""
    chances: Floats
    """Their out-of-fold chances, NaN where there is none."""


class Comparison(msgspec.Struct, frozen=True):
    """Old and new on the same rows, neither having learned from them. Log loss: lower is better."""

    rows: int
    leavers: int
    old_log_loss: float
    new_log_loss: float
    worse_by: float
    standard_error: float

    @property
    def enough(self) -> bool:
        return self.rows >= COMPARED_MIN and self.leavers >= LEAVERS_COMPARED_MIN

    @property
    def clearly_worse(self) -> bool:
        return self.enough and self.worse_by > max(CLEARLY * self.standard_error, NOTHING)


def save(trained: Trained, folder: Path, *, even_if_worse: bool = False) -> Comparison | None:
    """Write the model; the comparison with the one that lay there, None if none did.

    WorseThanBefore when that one is clearly better on the same rows, or was trained for another
    outcome. The folder holds either the old model or the new one at every moment.
    """
    comparison = None
    if (folder / MODEL).exists() and not even_if_worse:
        old = load(folder)
        if old.report.label.column != trained.report.label.column:
            raise WorseThanBefore(
                f"The model in {folder} predicts {old.report.label.column!r}, this one "
                f"{trained.report.label.column!r}. Choose another folder, or --even-if-worse."
            )
        comparison = compare(old, trained)
        if comparison.clearly_worse:
            raise WorseThanBefore(
                f"The model in {folder} is better: log loss {comparison.old_log_loss:.4f} against "
                f"{comparison.new_log_loss:.4f} on the same {comparison.rows:,} rows. It stays; "
                "--even-if-worse replaces it."
            )
    _write(trained, folder)
    return comparison


def compare(old: Stored, new: Trained) -> Comparison:
    """Both models on the rows that the new one was judged on.

    A row that the old one learned from counts with its out-of-fold chance of then; without one
    (its training had a test table) the row is left aside.
    """
    table, _ = old.model.shape.read(new.judged)
    hashes = _hashes(table, new.left)
    before = dict(zip(old.rows.tolist(), old.chances.tolist(), strict=True))
    said = old.model.chances(table)
    kept = np.array(
        [before.get(row, here) for row, here in zip(hashes.tolist(), said, strict=True)]
    )
    return compared(new.left, kept, new.chance)


def compared(left: Floats, before: Floats, now: Floats) -> Comparison:
    """Two chances of the same rows; a row for which the earlier one has none is left aside."""
    both = ~np.isnan(before)
    if not both.any():
        return Comparison(0, 0, 0.0, 0.0, 0.0, 0.0)
    left = left[both]
    was, is_now = row_log_loss(left, before[both]), row_log_loss(left, now[both])
    worse = is_now - was
    return Comparison(
        rows=len(left),
        leavers=int(left.sum()),
        old_log_loss=float(was.mean()),
        new_log_loss=float(is_now.mean()),
        worse_by=float(worse.mean()),
        standard_error=float(worse.std(ddof=1) / np.sqrt(len(worse))) if len(worse) > 1 else 0.0,
    )


def _hashes(table: pd.DataFrame, left: Floats) -> Hashes:
    """One number per row, from what a model read of it and what came."""
    cells = zip(*(table[name].tolist() for name in table), left.tolist(), strict=True)
    digests = b"".join(blake2b(repr(row).encode(), digest_size=8).digest() for row in cells)
    return np.frombuffer(digests, dtype=np.uint64)


def _write(trained: Trained, folder: Path) -> None:
    """Into a folder beside, then into place by renames, the model last."""
    folder.mkdir(parents=True, exist_ok=True)
    table, _ = typed(trained.learned, trained.model.shape.schema)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as made:
        new = Path(made)
        skops.io.dump(trained.model.fitted, new / MODEL)
        for name, part in (
            (REPORT, trained.report),
            (BESIDE, trained.beside),
            (SHAPE, trained.model.shape),
        ):
            (new / name).write_bytes(msgspec.json.format(msgspec.json.encode(part), indent=1))
        (new / CARD).write_text(markdown(trained.report), encoding="utf-8")
        np.savez_compressed(
            new / ROWS,
            rows=_hashes(table, trained.learned_left),
            chances=trained.learned_chance,
        )
        for name in (CARD, ROWS, BESIDE, REPORT, SHAPE, MODEL):
            os.replace(new / name, folder / name)


def load(folder: Path) -> Stored:
    """The model in a folder. UntrustedModel when it holds any type that ours never hold."""
    report = msgspec.json.decode((folder / REPORT).read_bytes(), type=Report)
    shape = msgspec.json.decode((folder / SHAPE).read_bytes(), type=Shape)
    beside = msgspec.json.decode((folder / BESIDE).read_bytes(), type=Beside)
    fitted = opened((folder / MODEL).read_bytes(), str(folder / MODEL))
    with np.load(folder / ROWS, allow_pickle=False) as rows:
        return Stored(
            Model(shape, Method(report.method), fitted),
            report,
            beside,
            rows["rows"],
            rows["chances"],
        )


def opened(content: bytes, name: str) -> Any:
    """A fitted learner from its skops bytes. UntrustedModel when they hold any foreign type."""
    with warnings.catch_warnings():
        # scikit-learn says when a model was stored by another version of it; the card names both.
        warnings.simplefilter("ignore")
        try:
            return skops.io.loads(content, trusted=list(TRUSTED))
        except (UntrustedTypesFoundException, BadZipFile) as error:
            raise UntrustedModel(
                f"{name} is not opened: it is no model that we stored. {error}"
            ) from error
