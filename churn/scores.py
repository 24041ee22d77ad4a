"""Writes one line per person: the score, and in words why."""

from __future__ import annotations

import csv
from pathlib import Path

from churn.explain import in_words, reasons
from churn.reading import column_named
from churn.train import Trained
from churn.values import as_levels

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_scores(trained: Trained, id_column: str, file: Path, count: int) -> None:
    """The judged rows, highest score first: id (or row number), score, what came, reasons.

    Scores are out of fold, or of the test table; reasons are of the model learned from all rows.
    A cell that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    frame = trained.judged
    names = (
        as_levels(frame[column_named(frame, id_column, "id")]).tolist()
        if id_column
        else [str(number) for number in range(1, len(frame) + 1)]
    )
    told: list[list[str]] = [[] for _ in names]
    if count:
        table, _ = trained.model.shape.read(frame)
        found = reasons(trained.model, table, trained.beside.background, count)
        told = [[in_words(reason) for reason in some] for some in found]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "score", "left", *(f"reason_{n}" for n in range(1, count + 1))])
        for row in (-trained.chance).argsort(kind="stable"):
            said = [*told[row], *[""] * (count - len(told[row]))]
            score = f"{trained.chance[row]:.6f}"
            writer.writerow([_plain(names[row]), score, int(trained.left[row]), *map(_plain, said)])


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
