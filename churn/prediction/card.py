"""What a training tells: figures for pages as plain data, and the card as Markdown for analysts."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from churn.card import markdown as card_of
from churn.explain import Others
from churn.prediction.causes import Cause
from churn.prediction.training import Candidate, Kept

DRIFT_SHOWN = 10
_PREDICTS = {
    Cause.CHOICE: "Chance that a paying subscriber who has not asked to leave has left by choice "
    "30 days later.",
    Cause.PAYMENT: "Chance that the first attempt at the next renewal's payment is declined, for "
    "renewals attempted within 35 days.",
    Cause.SILENCE: "Chance that somebody who bought or watched within a year does neither in the "
    "next 90 days, though the venue plays.",
}


def figures_of(candidate: Candidate) -> dict[str, Any]:
    """What pages show of a training. `usual` is what most people have, by feature: the middle
    half of numbers, the most frequent category with its share."""
    report, compared = candidate.kept.report, candidate.comparison
    figures = {
        name: getattr(report, name)
        for name in (
            *("roc_auc", "pr_auc", "brier", "log_loss", "top_decile_lift", "ece", "method"),
            *("rows", "leavers", "judged_rows", "judged_leavers", "evaluation", "low", "high"),
        )
    }
    return figures | {
        "notes": list(report.notes),
        "calibration": msgspec.to_builtins(report.calibration),
        "fairness": msgspec.to_builtins(report.fairness),
        "drift": [[name, round(psi, 4)] for name, psi in list(report.drift.items())[:DRIFT_SHOWN]],
        "features": [column.name for column in report.columns],
        "usual": {name: _usual(others) for name, others in candidate.kept.background.items()},
        "comparison": None if compared is None else msgspec.to_builtins(compared),
    }


def _usual(others: Others) -> dict[str, Any]:
    pairs = [
        (value, weight)
        for value, weight in zip(others.values, others.weights, strict=True)
        if isinstance(value, float)
    ]
    if not pairs:
        return {"most": others.values[0] or "", "share": round(others.weights[0], 3)}
    values = np.array([value for value, _ in pairs])
    ends = np.cumsum([weight for _, weight in pairs])
    low, high = (values[int(np.searchsorted(ends, share * ends[-1]))] for share in (0.25, 0.75))
    return {"low": round(float(low), 4), "high": round(float(high), 4)}


def markdown(candidate: Candidate) -> str:
    """The card of a product's model: what it predicts and when, then the card of any model."""
    kept = candidate.kept
    lines = [
        *_predicts(kept),
        *_against(candidate),
        "",
        card_of(kept.report).replace("# Churn model", "## Training", 1),
    ]
    return "\n".join(lines)


def _predicts(kept: Kept) -> list[str]:
    return [
        f"# {kept.cause.value.capitalize()}",
        "",
        _PREDICTS[kept.cause],
        "",
        f"Learned from windows that ended by {kept.learned_until.date()}, the first of which began "
        f"{kept.learned_from.date()}. Judged by a twin that had learned only from windows over by "
        f"{kept.judged_from.date()}, on people as they stood then and later.",
    ]


def _against(candidate: Candidate) -> list[str]:
    compared = candidate.comparison
    if compared is None:
        return ["", "There was no model before it."]
    verdict = (
        "It is clearly worse and was refused."
        if candidate.refused
        else "It is not clearly worse and took its place."
        if compared.enough
        else "That is too little to decide by: it took its place."
    )
    return [
        "",
        f"Against the model in use, on the same {compared.rows:,} rows with {compared.leavers:,} "
        f"leavers that neither had learned from: log loss {compared.new_log_loss:.4f}, before "
        f"{compared.old_log_loss:.4f}. {verdict}",
    ]
