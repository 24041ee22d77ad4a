"""What a plain blend reaches on a flat table: the mean of logistic regression and boosting.

`python -m tests.bench.churn_reference FILE LABEL`: the boosting is sigmoid-calibrated, nothing is
tuned or derived; ROC-AUC over five folds, for four draws of them. `paywall train churn` on the same
file is to be held against it.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def main(file: str, label: str) -> None:
    table = pd.read_csv(file)
    left = pd.factorize(table.pop(label), sort=True)[0]
    numbers = list(table.select_dtypes("number"))
    levels = [name for name in table if name not in numbers]
    hot = OneHotEncoder(handle_unknown="ignore")
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    lines = make_pipeline(
        make_column_transformer((hot, levels), (StandardScaler(), numbers)),
        LogisticRegression(max_iter=500),
    )
    trees = make_pipeline(
        make_column_transformer((codes, levels), remainder="passthrough"),
        CalibratedClassifierCV(HistGradientBoostingClassifier(random_state=0), cv=5),
    )
    for seed in range(4):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        said = [
            cross_val_predict(one, table, left, cv=folds, method="predict_proba")[:, 1]
            for one in (lines, trees)
        ]
        rows = [judge for _, judge in folds.split(table, left)]
        found = [
            float(np.mean([roc_auc_score(left[part], chance[part]) for part in rows]))
            for chance in (*said, np.mean(said, axis=0))
        ]
        print(f"seed {seed}: logistic {found[0]:.3f}, boosting {found[1]:.3f}, mean {found[2]:.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
