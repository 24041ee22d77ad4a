"""`paywall simulate audience`: two believable years of people in a test venue's lake."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlalchemy import select

from infra.kernel.clock import SystemClock
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue

if TYPE_CHECKING:
    from churn.simulate.run import Simulation

app = typer.Typer(no_args_is_help=True, help="Data to try things on, clearly not real.")
say = Console(stderr=True)


class LiveVenue(Conflict):
    """Simulated people never stand beside real ones."""

    code = "live_venue"


class Simulated(msgspec.Struct):
    """What was written, and whether it is believable."""

    venue: str
    root: str
    seed: int
    years: float
    people: int
    until: str
    rows: dict[str, int]
    figures: list[dict[str, Any]]


@app.callback()
def _simulate() -> None:
    """Data to try things on, clearly not real."""


@app.command()
def audience(
    venue: Annotated[str, typer.Option(help="The venue's slug. It must be in test mode.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same people.")] = 1,
    years: Annotated[float, typer.Option(min=0.2, max=10, help="Years up to today.")] = 2.0,
    people: Annotated[
        int, typer.Option(min=100, max=1_000_000, help="Customers that ever came in them.")
    ] = 12_000,
    to: Annotated[
        str,
        typer.Option(
            help="A folder or s3://bucket/prefix instead of the installation's lake. "
            "No database is asked; the venue is named there as you named it."
        ),
    ] = "",
    once: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--once", help="Do nothing where the lake has a simulation already.")
    ] = False,
    start: Annotated[  # noqa: FBT002 - an option, not a position
        bool,
        typer.Option(
            "--start",
            help="Then train, score, compute the figures and measure the actions at once.",
        ),
    ] = False,
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object, for scripts.")
    ] = False,
) -> None:
    """Write simulated people, subscriptions, viewing, mails and actions into a venue's lake.

    It takes the place of any former simulation there; nothing else is touched. What the people do
    and why is in docs/simulator.md. Prints their figures beside published ones. The four simulated
    actions appear on the venue's list as ended ones; the next measurement says what they changed.
    """
    from churn.lake import Lake
    from churn.simulate import shown
    from churn.simulate.keep import is_there, write
    from churn.simulate.sanity import figures

    if to and start:
        raise Invalid("start", "--start needs a venue of this installation, so not --to.")
    clock = SystemClock()
    if to:
        root, name, until = to, venue, clock.machine()
    else:
        settings = load_settings()
        root = settings.lake()
        name, offset_s = asyncio.run(_test_venue(venue))
        until = clock.now(offset_s)
    lake = Lake(root)
    if once and is_there(lake, name):
        if not as_json:
            say.print("There is a simulation already.", highlight=False)
        return
    simulation = _lived(seed, years, people, until, quiet=as_json)
    rows = write(lake, name, simulation, seed, None if to else shown.ids(name))
    if not to:
        asyncio.run(_list_actions(name, until - timedelta(days=365 * years), until))
    found = [
        {**msgspec.structs.asdict(one), "believable": one.believable} for one in figures(simulation)
    ]
    done = Simulated(venue, root, seed, years, people, until.isoformat(), rows, found)
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        _show(simulation, done)
    if start:
        _start(venue, quiet=as_json)


def _lived(seed: int, years: float, people: int, until: datetime, *, quiet: bool) -> Simulation:
    """The simulation, with a bar of its days."""
    from churn.simulate.run import simulate

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=say, transient=True, disable=quiet) as bar:
        row = bar.add_task("days", total=None)
        return simulate(
            seed, years, people, until,
            told=lambda done, whole: bar.update(row, completed=done, total=whole),
        )  # fmt: skip


async def _list_actions(venue_id: str, began: datetime, ended: datetime) -> None:
    from churn.simulate import shown

    parts = assemble(load_settings())
    try:
        async with parts.db.transaction() as tx:
            await shown.put(tx, venue_id, began, ended, parts.clock.machine())
    finally:
        await parts.close()


def _start(venue: str, *, quiet: bool) -> None:
    """What a night does, now: scores and figures, then what the actions changed."""
    from paywall.cli.measure import measure_actions
    from paywall.cli.train import progress
    from paywall.cli.venue_scores import score_of

    with progress(quiet=quiet) as told:
        asyncio.run(score_of(venue, told, train=True, export=True))
    asyncio.run(measure_actions(venue))


async def _test_venue(slug: str) -> tuple[str, int]:
    """Id and clock of a venue in test mode."""
    parts = assemble(load_settings())
    try:
        async with parts.db.read() as tx:
            venue = await tx.scalar(select(Venue).where(Venue.slug == slug))
        if venue is None:
            raise NotFound("venue")
        if venue.mode is Mode.LIVE:
            raise LiveVenue(
                f"{venue.name} is live. Simulated people never enter a live venue's figures; "
                "write them elsewhere with --to, or use a venue in test mode."
            )
        return venue.id, venue.clock_offset_s
    finally:
        await parts.close()


def _show(simulation: Simulation, done: Simulated) -> None:
    from churn.simulate.rules import ACTIONS

    figures = Table("figure", "value", "from", "to", "the range is from", box=None)
    for one in done.figures:
        value = f"{one['value']:,.4g}" + ("" if one["believable"] else " [red]?[/]")
        figures.add_row(one["name"], value, f"{one['low']:g}", f"{one['high']:g}", one["source"])
    say.print(figures, highlight=False)
    actions = Table("action", "people", "what it is", box=None)
    for number, action in enumerate(ACTIONS):
        met = sum(len(who) for _, met, who in simulation.truth.met if met == number)
        actions.add_row(action.action_id, f"{met:,}", action.meaning)
    say.print(actions, highlight=False)
    total = sum(done.rows.values())
    say.print(f"{total:,} facts of {done.people:,} people in {done.root}", highlight=False)
