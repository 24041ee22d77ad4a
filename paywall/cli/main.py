"""The `paywall` command: noun-verb commands that a stranger can read."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import msgspec
import pyotp
import typer
from rich.console import Console

from infra.adapters.logs import configure_logging
from infra.kernel.clock import SystemClock
from infra.kernel.errors import Problem
from infra.kernel.settings import BadSetting, Settings, load_settings
from paywall.app.assembly import assemble
from paywall.cli import (
    bot,
    clock,
    doctor,
    history,
    keys,
    lake,
    measure,
    metrics,
    scores,
    simulate,
    support,
    token,
    train,
)
from paywall.cli.processes import (
    CannotStart,
    Supervisor,
    bring_up_to_date,
    check_folder,
    children,
    demo_audience,
    free_port_after,
    port_is_free,
    wait_until_ready,
)
from paywall.cli.seed import TOTP_SECRET, seed_demo, welcome

T = TypeVar("T")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Sell live music online: tickets, passes, replays, and the players that they open.",
)
app.add_typer(token.app, name="token")
app.add_typer(keys.app, name="keys")
app.add_typer(clock.app, name="clock")
app.add_typer(support.app, name="support")
app.add_typer(train.app, name="train")
app.add_typer(measure.app, name="measure")
app.add_typer(simulate.app, name="simulate")
app.add_typer(lake.export, name="export")
app.add_typer(lake.lake, name="lake")
app.add_typer(scores.churn, name="churn")
app.command()(scores.score)
app.add_typer(history.app, name="import")
app.add_typer(metrics.app, name="metrics")
app.command(name="bot")(bot.run)
say = Console(stderr=True)


@app.callback()
def begin() -> None:
    """What a command's own trouble looks like: warnings and worse, the same way as in a server."""
    configure_logging(as_json=load_settings().log_json, level="WARNING")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@app.command()
def serve(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where the web server listens.")
    ] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Web processes.")] = 1,
    demo: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--demo", help="With demo data and a live encoder.")
    ] = False,
    audience: Annotated[  # noqa: FBT002 - an option, not a position
        bool,
        typer.Option(
            help="With --demo: two simulated years of people, their scores and figures. They take "
            "a few minutes of one core, in the background."
        ),
    ] = True,
) -> None:
    """Run the product: web server, worker, and the sandbox processor. Ctrl-C ends all of it."""
    settings = load_settings()
    if not port_is_free(host, port):
        raise CannotStart(
            f"Port {port} is in use. End what uses it, or choose another: --port {port + 1} "
            f"(make demo PORT={port + 1})."
        )
    check_folder(settings.data_dir)
    given = {
        "host": host,
        "port": port,
        "web_workers": workers,
        "data_dir": settings.data_dir.absolute(),
        "sandbox_url": settings.sandbox_url or f"http://127.0.0.1:{free_port_after(host, port)}",
    }
    if "PAYWALL_PUBLIC_URL" not in os.environ:
        given["public_url"] = f"http://localhost:{port}"
    settings = msgspec.structs.replace(settings, **given)
    for name, value in given.items():
        os.environ[f"PAYWALL_{name.upper()}"] = str(value)
    bring_up_to_date(settings)
    supervisor = Supervisor(children(settings, demo=demo))
    supervisor.start()
    try:
        wait_until_ready(settings, 90)
        if demo:
            run(seed_demo(settings, say))
            welcome(settings, audience=audience)
            if audience:
                supervisor.add(demo_audience())
        else:
            say.print(f"Ready at {settings.public_url}. Ctrl-C ends it.")
    except BaseException:
        supervisor.end()
        raise
    supervisor.watch()


@app.command()
def work() -> None:
    """Run one job worker. Any number may run; what is due is a row in the database."""
    load_settings()
    os.execv(sys.executable, [sys.executable, "-m", "paywall.worker"])  # noqa: S606


@app.command()
def tick() -> None:
    """Do everything that is due now, once, and end: for cron, tests and the curious."""
    load_settings()
    os.execv(sys.executable, [sys.executable, "-m", "paywall.worker", "--once"])  # noqa: S606


@app.command(name="demo-code", hidden=True)
def demo_code() -> None:
    """Print the present authenticator code of the demo's people."""
    print(pyotp.TOTP(TOTP_SECRET).at(SystemClock().machine()))


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    settings = load_settings()
    check_folder(settings.data_dir)
    say.print(bring_up_to_date(settings), highlight=False)


@app.command(name="doctor")
def examine(
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object, for scripts.")
    ] = False,
) -> None:
    """Prove that the books balance, every paid order has its grant, and test and live are apart.

    Exit code 1 when something is wrong; each line names what and where.
    """

    async def look(settings: Settings) -> list[doctor.Finding]:
        parts = assemble(settings)
        try:
            return await doctor.examine(parts)
        finally:
            await parts.close()

    findings = run(look(load_settings()))
    wrong = [finding for finding in findings if not finding.good]
    if as_json:
        print(json.dumps([msgspec.structs.asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = "[green]good [/]" if finding.good else "[red]wrong[/]"
            say.print(f"{mark} {finding.what}", highlight=False)
    raise typer.Exit(1 if wrong else 0)


def main() -> None:
    """Entry point: known troubles become one sentence and exit code 2."""
    try:
        app()
    except (CannotStart, BadSetting) as error:
        say.print(f"paywall: {error}", style="red", highlight=False)
        sys.exit(2)
    except Problem as problem:
        say.print(f"paywall: {problem.detail}", style="red", highlight=False)
        sys.exit(1)
