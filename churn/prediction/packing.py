"""A model as one file of bytes, for the database: a zip of skops and JSON, never pickle."""

from __future__ import annotations

import io
from datetime import datetime
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import msgspec
import skops.io

from churn.drift import Spread
from churn.explain import Others
from churn.pipeline import Method, Model, Shape
from churn.prediction.causes import Cause
from churn.prediction.training import Kept
from churn.problems import UntrustedModel
from churn.report import Report
from churn.store import opened

UNPACKED_MAX = 256 * 1024 * 1024


class _Beside(msgspec.Struct):
    """Everything of a `Kept` that is plain data."""

    cause: Cause
    report: Report
    background: dict[str, Others]
    spreads: dict[str, Spread]
    learned_from: datetime
    learned_until: datetime
    judged_from: datetime
    shape: Shape
    method: Method
    judged_shape: Shape
    judged_method: Method


def packed(kept: Kept) -> bytes:
    """The bytes that `unpacked` reads."""
    beside = _Beside(
        kept.cause, kept.report, kept.background, kept.spreads, kept.learned_from,
        kept.learned_until, kept.judged_from, kept.model.shape, kept.model.method,
        kept.judged.shape, kept.judged.method,
    )  # fmt: skip
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        archive.writestr("beside.json", msgspec.json.encode(beside))
        archive.writestr("model.skops", _small(kept.model))
        archive.writestr("judged.skops", _small(kept.judged))
    return out.getvalue()


def _small(model: Model) -> bytes:
    from zipfile import ZIP_DEFLATED

    return bytes(skops.io.dumps(model.fitted, compression=ZIP_DEFLATED, compresslevel=6))


def unpacked(content: bytes, name: str) -> Kept:
    """The model. UntrustedModel when the bytes are none that we packed; `name` says which."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_MAX:
                raise UntrustedModel(f"{name} is not opened: it is too large.")
            beside = msgspec.json.decode(archive.read("beside.json"), type=_Beside)
            fitted = opened(archive.read("model.skops"), name)
            judged = opened(archive.read("judged.skops"), name)
    except (BadZipFile, KeyError, msgspec.MsgspecError) as error:
        raise UntrustedModel(
            f"{name} is not opened: it is no model that we stored. {error}"
        ) from error
    return Kept(
        beside.cause, Model(beside.shape, beside.method, fitted),
        Model(beside.judged_shape, beside.judged_method, judged), beside.report,
        beside.background, beside.spreads, beside.learned_from, beside.learned_until,
        beside.judged_from,
    )  # fmt: skip
