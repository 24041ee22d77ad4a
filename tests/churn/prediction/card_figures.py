"""Figures of a training as its card keeps them, for tests of pages."""

from __future__ import annotations

from typing import Any


def figures() -> dict[str, Any]:
    worth = {
        "roc_auc": 0.81, "pr_auc": 0.3, "brier": 0.05, "log_loss": 0.2, "top_decile_lift": 4.2,
        "ece": 0.012,
    }  # fmt: skip
    return worth | {
        "low": worth | {"top_decile_lift": 3.1}, "high": worth | {"top_decile_lift": 5.0},
        "method": "blend", "rows": 2934, "leavers": 228, "judged_rows": 932, "judged_leavers": 77,
        "evaluation": "on 2026-09-01", "notes": [], "features": ["days_since_watched"],
        "calibration": [{"low": 0.0, "high": 0.1, "people": 93, "said": 0.05, "left": 0.04}],
        "fairness": [
            {"column": "country", "value": "FR", "people": 442, "left": 0.09, "said": 0.08,
             "flagged": 0.12, "roc_auc": 0.7}
        ],
        "drift": [["days_since_watched", 0.31]],
        "usual": {"days_since_watched": {"low": 2.0, "high": 9.0}},
        "comparison": None,
    }  # fmt: skip
