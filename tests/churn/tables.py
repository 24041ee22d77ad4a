"""Tables with a known truth, drawn with seeds that are printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def subscribers(rows: int = 900, seed: int = 3, leak: bool = False) -> pd.DataFrame:
    """People who leave for reasons that we know: short tenure, monthly plan, sum of three fees."""
    print(f"subscribers: seed {seed}, {rows} rows")
    rng = np.random.default_rng(seed)
    tenure = rng.integers(1, 60, rows)
    plan = rng.choice(["monthly", "yearly", "two years"], rows, p=[0.5, 0.3, 0.2])
    fees = rng.uniform(0, 10, (rows, 3)).round(2)
    odds = -1.5 - 0.05 * (tenure - 20) + 1.5 * (plan == "monthly") + 0.25 * (fees.sum(1) - 15)
    chance = 1 / (1 + np.exp(-odds))
    left = rng.random(rows) < chance
    table = pd.DataFrame(
        {
            "customer_id": [f"C{n:06d}" for n in rng.permutation(rows)],
            "tenure": tenure,
            "plan": plan,
            "day_fee": fees[:, 0],
            "night_fee": fees[:, 1],
            "weekend_fee": fees[:, 2],
            "city": rng.choice([f"city {n}" for n in range(120)], rows),
            "country": rng.choice(["FR", "DE"], rows),
            "noise": rng.normal(size=rows).round(3),
            "true_chance": chance,
            "left": np.where(left, "yes", "no"),
        }
    )
    if leak:
        table["cancel_reason"] = np.where(left & (rng.random(rows) < 0.7), "price", "")
        table["account_state"] = np.where(left, "shut", "open")
    return table


def trial(rows: int = 6000, seed: int = 5, persuadable: bool = True) -> pd.DataFrame:
    """A coin decides; treating helps the young and harms the loyal, or helps all alike."""
    print(f"trial: seed {seed}, {rows} rows")
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    visits = rng.poisson(3, rows)
    arm = rng.choice(["mail", "nothing", "other"], rows, p=[0.45, 0.45, 0.1])
    base = 0.1 + 0.03 * np.minimum(visits, 8)
    moved = np.where(age < 40, 0.25, -0.08) if persuadable else np.full(rows, 0.08)
    bought = rng.random(rows) < np.clip(base + moved * (arm == "mail"), 0, 1)
    return pd.DataFrame(
        {
            "age": age,
            "visits": visits,
            "region": rng.choice(["north", "south"], rows),
            "arm": arm,
            "bought": bought.astype(int),
            "spent": np.where(bought, rng.gamma(2, 20, rows).round(2), 0.0),
        }
    )


def written(table: pd.DataFrame, folder: Path, name: str = "table.csv") -> Path:
    """As a plain CSV, without the truth that only the test may know."""
    file = folder / name
    table.drop(columns="true_chance", errors="ignore").to_csv(file, index=False)
    return file
