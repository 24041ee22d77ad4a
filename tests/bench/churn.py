"""`python -m tests.bench.churn`: how long learning from 200,000 people takes, and scoring them."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from churn.reading import read_table
from churn.train import Task, train
from infra.kernel.clock import SystemClock


def people(rows: int, seed: int = 1) -> pd.DataFrame:
    """A table as a broadcaster's: fourteen numbers, five categories (one of 300 levels), a date."""
    rng = np.random.default_rng(seed)
    numbers = {f"measure_{'abcdefghijklmn'[n]}": rng.gamma(2, 10, rows) for n in range(14)}
    numbers["measure_a"][rng.random(rows) < 0.1] = np.nan
    plan = rng.choice(["monthly", "yearly", "two years"], rows)
    city = rng.integers(0, 300, rows)
    start = np.datetime64("2020-01-01") + rng.integers(0, 2000, rows).astype("timedelta64[D]")
    odds = -3 + 0.04 * numbers["measure_b"] + 1.2 * (plan == "monthly") + 0.003 * (city - 150)
    odds += 0.0008 * numbers["measure_c"] * numbers["measure_d"]
    left = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            **{name: values.round(2) for name, values in numbers.items()},
            "plan": plan,
            "city": [f"city {number}" for number in city],
            "country": rng.choice(["FR", "DE", "ES", "IT"], rows),
            "device": rng.choice(["tv", "web", "phone"], rows),
            "payment": rng.choice(["card", "sepa", "paypal"], rows),
            "since": start.astype(str),
            "left": np.where(left, "yes", "no"),
        }
    )


class Measured(msgspec.Struct):
    """What one run took. The limit is one boosting of a hundred trees, on the numbers alone."""

    rows: int
    leavers: int
    how: str
    roc_auc: float
    read_s: float
    train_s: float
    """Reading, judging on a held-out fifth and learning from all."""
    train_cpu_s: float
    score_s: float
    score_cpu_s: float
    limit_train_s: float
    limit_score_s: float
    peak_mib: float


def measured(rows: int) -> Measured:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        people(rows).to_csv(file, index=False)
        wall, cpu = time.perf_counter(), time.process_time()
        frame, source = read_table(file)
        read_s = time.perf_counter() - wall
        trained = train(frame, source, Task(label="left", id="id"), SystemClock().machine())
        train_s, train_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    table, _ = trained.model.shape.read(frame)
    wall, cpu = time.perf_counter(), time.process_time()
    trained.model.chances(table)
    score_s, score_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    numbers = table.select_dtypes("number").to_numpy()
    wall = time.perf_counter()
    limit = HistGradientBoostingClassifier(max_iter=100, early_stopping=False)
    limit.fit(numbers, frame["left"] == "yes")
    limit_train_s = time.perf_counter() - wall
    wall = time.perf_counter()
    limit.predict_proba(numbers)
    report = trained.report
    return Measured(
        rows, report.leavers, f"{report.method}, {report.evaluation}", report.roc_auc,
        read_s, train_s, train_cpu_s, score_s, score_cpu_s,
        limit_train_s, time.perf_counter() - wall, peak_mib,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    one = measured(given.rows)
    if given.json:
        sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        return
    sys.stdout.write(
        f"rows {one.rows:,}, leavers {one.leavers:,}, {one.how}\n"
        f"read {one.read_s:.1f} s; read, judge and learn {one.train_s:.1f} s"
        f" ({one.train_cpu_s:.1f} s of CPU)\n"
        f"score {one.rows / one.score_s:,.0f} people/s"
        f" ({one.rows / one.score_cpu_s:,.0f} a CPU second)\n"
        f"limit: one boosting on the numbers, learn {one.limit_train_s:.1f} s,"
        f" score {one.rows / one.limit_score_s:,.0f} people/s\n"
        f"ROC-AUC {one.roc_auc:.4f}; peak {one.peak_mib:,.0f} MiB\n"
    )


if __name__ == "__main__":
    main()
