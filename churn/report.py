"""What a training tells: figures at the top, then everything needed to doubt them."""

from __future__ import annotations

import msgspec

from churn.columns import Column, LeftOut
from churn.drift import Spread
from churn.explain import Others
from churn.fairness import Group
from churn.figures import Band
from churn.label import Label
from churn.leaks import Suspicion
from churn.money import Savings, Terms
from churn.reading import Source

MODEL_FORMAT = 1


class Report(msgspec.Struct, frozen=True):
    """One training of a churn model. The first seven are what others compare.

    Written as JSON beside the model, and shown as Markdown in its card. `low` and `high` bound the
    figures at 95 %.
    """

    roc_auc: float
    pr_auc: float
    brier: float
    log_loss: float
    top_decile_lift: float
    ece: float
    saved_share: float | None
    low: dict[str, float]
    high: dict[str, float]
    evaluation: str
    method: str
    method_parts: tuple[str, ...]
    rows: int
    leavers: int
    judged_rows: int
    judged_leavers: int
    notes: tuple[str, ...]
    """Sentences for people, most important first."""
    label: Label
    sources: tuple[Source, ...]
    trained_at: str
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]
    suspects: tuple[Suspicion, ...]
    derived: tuple[str, ...]
    calibration: tuple[Band, ...]
    fairness: tuple[Group, ...]
    savings: Savings | None
    terms: Terms | None
    drift: dict[str, float]
    """Population stability index of columns of the test table, or since the model replaced."""
    format: int = MODEL_FORMAT


class Beside(msgspec.Struct, frozen=True):
    """What scoring and comparing need besides the model and its report."""

    background: dict[str, Others]
    spreads: dict[str, Spread]
