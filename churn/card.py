"""The model card, for people: what it learned from, what it is worth, and where not to trust it."""

from __future__ import annotations

from collections.abc import Iterator

from churn.figures import NAMES
from churn.report import Report

_SAID = {
    "roc_auc": "a leaver ranks above a stayer in so many of 1 pairs",
    "pr_auc": "precision averaged over recall",
    "brier": "mean squared error of the chance",
    "log_loss": "mean surprise, in nats",
    "top_decile_lift": "leavers among the highest tenth, times the average",
    "ece": "said against came, ten bins of equal width",
}


def markdown(report: Report) -> str:
    """The card as a page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    names = ", ".join(source.name for source in report.sources)
    yield f"# Churn model of {report.trained_at[:10]}"
    yield ""
    yield (
        f"Learned on {report.trained_at} from {report.rows:,} rows ({names}), "
        f"of whom {report.leavers:,} left (`{report.label.column}` is `{report.label.positive}`)."
    )
    yield f"Learner: {report.method}."
    yield ""
    for part in report.method_parts:
        yield f"* {part}"
    if report.notes:
        yield from ("", "## Read first", "")
        for note in report.notes:
            yield f"* {note}"
    yield from ("", "## Figures", "")
    people = f"{report.judged_rows:,} rows, {report.judged_leavers:,} left"
    yield f"Judged {report.evaluation}: {people}."
    yield from ("", "| figure | value | 95 % | meaning |", "|---|---|---|---|")
    for name in NAMES:
        value = getattr(report, name)
        bounds = f"{report.low[name]:.4f} to {report.high[name]:.4f}"
        yield f"| `{name}` | {value:.4f} | {bounds} | {_SAID[name]} |"
    yield from _money(report)
    yield from (
        "",
        "## Said against came",
        "",
        "| chance | people | said | left |",
        "|---|---|---|---|",
    )
    for band in report.calibration:
        chances = f"{band.low:.3f} to {band.high:.3f}"
        yield f"| {chances} | {band.people:,} | {band.said:.3f} | {band.left:.3f} |"
    yield from _groups(report)
    yield from _columns(report)


def _money(report: Report) -> Iterator[str]:
    saved, terms = report.savings, report.terms
    if saved is None or terms is None:
        return
    yield from ("", "## Money", "")
    yield (
        f"An action costs {terms.act_cost:g} and keeps a leaver with chance {terms.save_chance:g}. "
        f"Doing nothing loses {saved.lost_if_nothing_is_done:,.0f}."
    )
    yield from ("", "| act on | people | saved | saved_share |", "|---|---|---|---|")
    policies = (
        ("those for whom it pays by score", saved.by_score),
        ("those with a chance above 0.5", saved.at_half),
        ("everybody", saved.on_everybody),
        ("exactly the right ones (not possible)", saved.by_knowing),
    )
    for name, policy in policies:
        yield f"| {name} | {policy.acted:,} | {policy.saved:,.0f} | {policy.saved_share:.4f} |"


def _groups(report: Report) -> Iterator[str]:
    if not report.fairness:
        return
    yield from ("", "## By group", "")
    yield "`flagged`: share of the group among the tenth of all people with the highest scores."
    yield from (
        "",
        "| group | people | said | left | flagged | ROC-AUC |",
        "|---|---|---|---|---|---|",
    )
    for group in report.fairness:
        auc = "too few" if group.roc_auc is None else f"{group.roc_auc:.3f}"
        yield (
            f"| {cell(group.column)}: {cell(group.value)} | {group.people:,} | {group.said:.3f} "
            f"| {group.left:.3f} | {group.flagged:.3f} | {auc} |"
        )


def _columns(report: Report) -> Iterator[str]:
    yield from ("", "## Columns", "", "| column | read as |", "|---|---|")
    for column in report.columns:
        levels = f", {column.levels} levels" if column.levels else ""
        yield f"| {cell(column.name)} | {column.kind.value}{levels} |"
    for name in report.derived:
        yield f"| {cell(name)} | derived |"
    if report.left_out:
        yield from ("", "Left out:", "", "| column | why |", "|---|---|")
        for gone in report.left_out:
            yield f"| {cell(gone.name)} | {gone.why}: {cell(gone.detail)} |"
    if report.drift:
        yield from (
            "",
            "Population stability index, largest first:",
            "",
            "| column | PSI |",
            "|---|---|",
        )
        for name, psi in list(report.drift.items())[:20]:
            yield f"| {cell(name)} | {psi:.3f} |"


def cell(text: str) -> str:
    """A stranger's text inside a Markdown table: one line, no bar, no markup."""
    plain = " ".join(text.split())[:120]
    return "".join(f"\\{letter}" if letter in "|`*_<>[]\\" else letter for letter in plain)
