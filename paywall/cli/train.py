"""`paywall train`: models of who leaves and of whom an action moves, from anybody's flat table.

The libraries of learning are imported inside the commands: a web process never loads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.kernel.clock import SystemClock
from infra.kernel.errors import Invalid
from paywall.cli.venue_scores import told_of, train_of

if TYPE_CHECKING:
    from churn.evaluate import Told
    from churn.money import Terms
    from churn.train import Task, Trained

app = typer.Typer(no_args_is_help=True, help="Learn who is about to leave, and whom to treat.")
say = Console(stderr=True)

Table = Annotated[
    Path,
    typer.Option("--from-csv", help="The table: CSV (any delimiter and encoding) or Parquet."),
]
Test = Annotated[
    Path | None,
    typer.Option("--test", help="Judge on this second table instead of by repeated folds."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option("--leave-out", help="A column not to learn from; may be repeated."),
]
KeepLeaking = Annotated[
    bool,
    typer.Option("--keep-leaking", help="Learn from columns that seem to know the outcome, too."),
]
SaveChance = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="The chance that acting keeps somebody who would leave."),
]
EvenIfWorse = Annotated[
    bool, typer.Option("--even-if-worse", help="Replace a better model in --save's folder.")
]
Fair = Annotated[
    list[str] | None,
    typer.Option(help="Show figures by this column's groups, too; may be repeated."),
]
Reasons = Annotated[
    int, typer.Option(min=0, max=10, help="So many reasons a person beside the score.")
]


@app.callback()
def _train() -> None:
    """Learn who is about to leave, and whom to treat."""


@app.command()
def churn(
    from_csv: Annotated[
        Path | None,
        typer.Option(help="The table: CSV (any delimiter and encoding) or Parquet."),
    ] = None,
    label: Annotated[str, typer.Option(help="The column that says who left.")] = "",
    venue: Annotated[
        str, typer.Option(help="Instead of a table: a venue's slug. Learns from its own facts.")
    ] = "",
    positive: Annotated[
        str, typer.Option(help="Its value that means leaving. Default: yes, 1, true, churned ...")
    ] = "",
    id: Annotated[  # noqa: A002 - the option's name
        str, typer.Option(help="The column that names the person: never learned from.")
    ] = "",
    test: Test = None,
    value: Annotated[
        str, typer.Option(help="What a person is worth: a column, or one number for all.")
    ] = "",
    act_cost: Annotated[
        float | None, typer.Option(min=0, help="What acting on one person costs.")
    ] = None,
    save_chance: SaveChance = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep model and card in this folder, unless worse.")
    ] = None,
    even_if_worse: EvenIfWorse = False,  # noqa: FBT002
    scores: Annotated[
        Path | None, typer.Option(help="Write each judged row's score to this CSV.")
    ] = None,
    reasons: Reasons = 0,
    fair: Fair = None,
    leave_out: LeaveOut = None,
    keep_leaking: KeepLeaking = False,  # noqa: FBT002
    seed: Annotated[int, typer.Option(help="Of the folds.")] = 1,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Learn from a table who leaves, and say what the scores are worth on people not learned from.

    With --venue from the venue's own past: who leaves by choice, and whose next payment fails.

    Prints roc_auc, pr_auc, brier, log_loss, top_decile_lift and ece, from repeated stratified
    cross-validation or on --test; with --value, --act-cost and --save-chance also saved_share.
    """
    from churn.train import Task, train_from_csv

    if venue:
        if from_csv is not None or label:
            raise Invalid("venue", "--venue stands alone: its facts say who left.")
        with progress(quiet=as_json) as told:
            trained_anew = asyncio.run(train_of(venue, told))
        print(told_of(trained_anew, as_json=as_json), end="")
        return
    if from_csv is None or not label:
        raise Invalid("from_csv", "Give --from-csv with --label, or --venue.")
    task = Task(
        label=label, positive=positive, id=id, value=value, seed=seed,
        terms=_terms(value, act_cost, save_chance),
        keep_leaking=keep_leaking, leave_out=tuple(leave_out or ()), fair=tuple(fair or ()),
    )  # fmt: skip
    now = SystemClock().machine()
    with progress(quiet=as_json) as told:
        trained = train_from_csv(from_csv, task, now, test=test, told=told)
        if scores is not None:
            _write_scores(trained, task, scores, reasons, told)
    print(_json(trained.report) if as_json else _card(trained), end="")
    if save is not None:
        _keep(trained, save, even_if_worse=even_if_worse)


def _terms(value: str, act_cost: float | None, save_chance: float | None) -> Terms | None:
    from churn.money import Terms

    if not value and act_cost is None and save_chance is None:
        return None
    if not value or act_cost is None or save_chance is None:
        raise Invalid(
            "value", "--value, --act-cost and --save-chance belong together: give all three."
        )
    return Terms(act_cost, save_chance)


def _keep(trained: Trained, folder: Path, *, even_if_worse: bool) -> None:
    from churn.store import save

    compared = save(trained, folder, even_if_worse=even_if_worse)
    say.print(f"Kept in {folder}.", highlight=False)
    if compared is not None and compared.enough:
        say.print(
            f"On the same {compared.rows:,} rows: log loss {compared.new_log_loss:.4f}, "
            f"before {compared.old_log_loss:.4f}.",
            highlight=False,
        )


@app.command()
def uplift(
    from_csv: Table,
    treatment: Annotated[str, typer.Option(help="The column that says what a coin gave whom.")],
    treated: Annotated[str, typer.Option(help="Its value for the treated.")],
    control: Annotated[str, typer.Option(help="Its value for those left alone.")],
    outcome: Annotated[
        str, typer.Option(help="What was hoped for: two answers such as 1 and 0, or an amount.")
    ],
    positive: Annotated[
        str, typer.Option(help="The outcome's value that counts, where it is not plain.")
    ] = "",
    lower_is_better: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--lower-is-better", help="The outcome is bad, such as leaving.")
    ] = False,
    id: Annotated[  # noqa: A002 - the option's name
        str, typer.Option(help="The column that names the person: never learned from.")
    ] = "",
    test: Test = None,
    leave_out: LeaveOut = None,
    keep_leaking: KeepLeaking = False,  # noqa: FBT002
    seed: Annotated[int, typer.Option(help="Of the folds.")] = 1,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Learn from a randomised trial whom to treat; rows of other arms are ignored.

    Prints qini with its bootstrap interval, the same for ranking by response alone, and a verdict.
    """
    from churn.uplift import Trial, train_uplift_from_csv
    from churn.uplift_card import markdown

    trial = Trial(
        treatment=treatment, treated=treated, control=control, outcome=outcome, positive=positive,
        lower_is_better=lower_is_better, id=id, leave_out=tuple(leave_out or ()),
        keep_leaking=keep_leaking, seed=seed,
    )  # fmt: skip
    with progress(quiet=as_json) as told:
        now = SystemClock().machine()
        report = train_uplift_from_csv(from_csv, trial, now, test=test, told=told)
    print(_json(report) if as_json else markdown(report), end="")


def _json(report: msgspec.Struct) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _card(trained: Trained) -> str:
    from churn.card import markdown

    return markdown(trained.report)


def _write_scores(trained: Trained, task: Task, file: Path, reasons: int, told: Told) -> None:
    from churn.scores import write_scores

    told("writing scores", 0, 1)
    write_scores(trained, task.id, file, reasons)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Told]:
    """A bar on standard error while it works; nothing with --json or without a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=say, transient=True, disable=quiet) as bar:
        row = bar.add_task("reading", total=None)

        def told(what: str, done: int, total: int) -> None:
            bar.update(row, description=what, completed=done, total=total)

        yield told
