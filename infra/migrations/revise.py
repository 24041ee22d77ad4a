"""`make migration m="..."`: write the step from the last one to what the models say now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

from infra.migrations.run import STEPS, configuration, revisions

BASELINE = "baseline"


def write(message: str) -> list[Path]:
    """The new step's file. The message `baseline` replaces the first step while it is the only one.

    The comparison is made with a fresh SQLite database on which all steps were run.
    """
    if message == BASELINE:
        _forget_baseline()
    before = set(STEPS.glob("*.py"))
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/steps.sqlite3")
        with engine.begin() as connection:
            _write(connection, message)
        engine.dispose()
    made = sorted(set(STEPS.glob("*.py")) - before)
    for file in made:
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if "# ###" not in line))
    for tidy in (["check", "--fix", "-q"], ["format", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *tidy, *made], check=True)  # noqa: S603
    return made


def _forget_baseline() -> None:
    known = revisions()
    if len(known) > 1:
        raise SystemExit("There are steps after the baseline; write one more instead.")
    for file in STEPS.glob("0001_*.py"):
        file.unlink()


def _write(connection: Connection, message: str) -> None:
    known = revisions()
    config = configuration(connection, batch=bool(known))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    if known:
        command.upgrade(config, "head")
    command.revision(
        config, message, autogenerate=True, rev_id=f"{int(known[-1]) + 1 if known else 1:04d}"
    )


if __name__ == "__main__":
    words = " ".join(sys.argv[1:]).strip().rstrip(".")
    if not words:
        raise SystemExit('Say what changes: make migration m="orders know their currency".')
    sys.stdout.writelines(f"{file}\n" for file in write(words))
