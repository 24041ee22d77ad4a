"""`paywall import history`: years from elsewhere, so that a venue can be analysed today."""

from __future__ import annotations

import asyncio
import csv
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from churn.importing.mapping import Mapping, load
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.cli.lake import OneVenue, venues_named

if TYPE_CHECKING:
    from paywall.bridges.lake.importing import Imported, NotTaken

app = typer.Typer(no_args_is_help=True, help="Bring the venue's data from elsewhere.")
say = Console(stderr=True)
SHOWN = 5


@app.callback()
def _import() -> None:
    """Bring the venue's data from elsewhere."""


@app.command()
def history(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="CSV files, the oldest first."),
    ],
    mapping: Annotated[
        str, typer.Option(help="A mapping's TOML file, or the name of one that is shipped.")
    ],
    venue: OneVenue,
    dry_run: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--dry-run", help="Judge every line and write nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write each line that was not taken to this CSV.")
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object, for scripts.")
    ] = False,
) -> None:
    """Read lines of billing systems, player analytics or help desks into the lake of facts.

    The same file may be imported again: what is there is not written twice. Exit code 1 where
    lines were not taken; each is in the report with why and what to do.
    """
    read = load(mapping)
    with ExitStack() as stack:
        write = _report(stack, report)
        bar = stack.enter_context(_bar(quiet=as_json))
        row = bar.add_task("reading", total=None)

        def progress(file: str, done: int, total: int) -> None:
            bar.update(row, description=file, completed=done, total=total)

        done, words = asyncio.run(_import_all(venue, files, read, dry_run, write, progress))
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        _say(done, words, report, dry_run=dry_run)
    raise typer.Exit(1 if done.not_taken else 0)


async def _import_all(
    slug: str,
    files: list[Path],
    mapping: Mapping,
    dry_run: bool,  # noqa: FBT001 - an option, handed on
    tell: Any,
    progress: Any,
) -> tuple[Imported, str]:
    from paywall.bridges.lake.importing import HistoryImport, took

    settings = load_settings()
    parts = assemble(settings)
    try:
        (venue,) = await venues_named(parts.db, slug)
        importing = HistoryImport(
            parts.db, parts.clock, parts.sealer, settings.lake(), dry_run=dry_run
        )
        began = parts.clock.monotonic()
        done = await importing.run(venue, files, mapping, tell, progress)
        return done, took(began, parts.clock.monotonic(), done.lines)
    finally:
        await parts.close()


def _report(stack: ExitStack, path: Path | None) -> Any:
    """Writes refusals to the file as they come, or shows the first few."""
    if path is None:
        shown = 0

        def show(line: NotTaken) -> None:
            nonlocal shown
            shown += 1
            if shown <= SHOWN:
                say.print(f"{line.file}:{line.line}: {line.column} {line.value}: {line.why}."
                          f" {line.remedy}", highlight=False, markup=False)  # fmt: skip

        return show
    handle = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    out = csv.writer(handle)
    out.writerow(["file", "line", "table", "column", "value", "why", "remedy"])

    def write(line: NotTaken) -> None:
        out.writerow([_plain(cell) for cell in msgspec.structs.astuple(line)])

    return write


def _plain(cell: object) -> object:
    """A cell that no spreadsheet runs as a formula (what a stranger wrote stands in it)."""
    text = str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _bar(*, quiet: bool) -> Progress:
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=say, transient=True, disable=quiet)


def _say(done: Imported, words: str, report: Path | None, *, dry_run: bool) -> None:
    verb = "would be taken" if dry_run else "taken"
    for table, rows in sorted(done.taken.items()):
        say.print(f"  {table}: {rows:,} {verb}", highlight=False)
    if done.known:
        say.print(f"  {done.known:,} were there already", highlight=False)
    if done.stayed:
        say.print(f"  subscriptions: {done.stayed:,} had asked to leave and were charged again: "
                  "noted as withdrawn", highlight=False)  # fmt: skip
    for why, count in done.not_taken.most_common():
        say.print(f"  {count:,} not taken: {why}", highlight=False, markup=False)
    if done.not_taken and report is not None:
        say.print(f"Each is in {report} with what to do.", highlight=False)
    say.print(f"{words}.", highlight=False)
