"""`paywall score` and `paywall churn start`: everybody's chance of leaving, from facts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from paywall.cli.train import progress
from paywall.cli.venue_scores import Scored, score_of

churn = typer.Typer(no_args_is_help=True, help="Who is about to leave a venue.")
say = Console(stderr=True)

OneVenue = Annotated[str, typer.Option("--venue", help="The venue's slug.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


@churn.callback()
def _churn() -> None:
    """Who is about to leave a venue."""


def score(
    venue: OneVenue,
    nightly: Annotated[  # noqa: FBT002 - an option, not a position
        bool,
        typer.Option("--nightly", help="As the worker calls it: silent when all is well."),
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Score everybody of a venue from its facts: risk, payment risk, value, reasons.

    Happens by itself after every nightly export. Trains first when the last training is a week old.
    """
    with progress(quiet=as_json or nightly) as told:
        done = asyncio.run(score_of(venue, told, train=False))
    if not nightly:
        _tell(done, as_json=as_json)


@churn.command()
def start(venue: OneVenue, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Everything at once: export what is new, train, score. For after an import of the past."""
    with progress(quiet=as_json) as told:
        done = asyncio.run(score_of(venue, told, train=True, export=True))
    _tell(done, as_json=as_json)


def _tell(done: Scored, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(done).decode())
        return
    if done.exported:
        say.print(f"{sum(done.exported.values()):,} new facts in the lake.", highlight=False)
    for cause, what in done.trained.items():
        say.print(f"{cause}: {what}", highlight=False)
    say.print(
        f"{done.venue}: {done.people:,} people have a risk as of {done.as_of}.", highlight=False
    )
