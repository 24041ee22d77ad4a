"""Training and test files of public intent sets, split as docs/support-bot.md splits them.

`python -m tests.bench.support_splits FOLDER OUT`: FOLDER holds `banking_train.tsv`,
`clinc_train.tsv`, `clinc_val.tsv`, `clinc_oos_train.tsv`, `clinc_oos_val.tsv` and
`ha_intents_29.csv` (text, intent, lang, block). Then `paywall support evaluate` with
`OUT/x-train.tsv` and `OUT/x-test.tsv` prints the figures of `x`.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha1
from pathlib import Path

Row = tuple[str, ...]


def main(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    banking = _tsv(folder / "banking_train.tsv")
    random.Random(7).shuffle(banking)
    _write(out / "banking-test.tsv", banking[:2000])
    _write(out / "banking-train.tsv", banking[2000:])
    _write(out / "banking20-test.tsv", banking[:2000])
    _write(out / "banking20-train.tsv", _first(banking[2000:], 20))
    outside = [_tsv(folder / f"clinc_oos_{part}.tsv") for part in ("train", "val")]
    clinc = _tsv(folder / "clinc_train.tsv")
    _write(out / "clinc35-train.tsv", [*_first(clinc, 35), *outside[0]])
    _write(out / "clinc-train.tsv", [*clinc, *outside[0]])
    asked = [*_tsv(folder / "clinc_val.tsv"), *outside[1]]
    _write(out / "clinc35-test.tsv", asked)
    _write(out / "clinc-test.tsv", asked)
    with (folder / "ha_intents_29.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    # Whole blocks of sentences of a language are left out: what is asked was never worded so.
    for name, low, high in (("ha-test", 0, 4), ("ha-train", 4, 10)):
        part: list[Row] = [
            (one["text"], one["intent"], one["lang"]) for one in lines
            if low <= int(sha1((one["lang"] + one["block"]).encode()).hexdigest(), 16) % 10 < high
        ]  # fmt: skip
        _write(out / f"{name}.tsv", part)


def _tsv(path: Path) -> list[Row]:
    """Its lines without the heading."""
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file, delimiter="\t")][1:]


def _first(rows: Iterable[Row], count: int) -> Iterator[Row]:
    """The first so many of each intent."""
    taken: Counter[str] = Counter()
    for row in rows:
        taken[row[1]] += 1
        if taken[row[1]] <= count:
            yield row


def _write(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter="\t")
        lines.writerow(("text", "label", "lang"))
        lines.writerows((*row, "")[:3] for row in rows)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
