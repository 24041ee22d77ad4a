"""The card of an uplift training, for people: the verdict first, then the figures."""

from __future__ import annotations

from collections.abc import Iterator

from churn.card import cell
from churn.uplift import UpliftReport


def markdown(report: UpliftReport) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: UpliftReport) -> Iterator[str]:
    yield f"# Uplift of {report.trained_at[:10]}"
    yield ""
    yield f"**{report.sentence}**"
    yield ""
    better = ", where lower is better" if report.lower_is_better else ""
    yield (
        f"{report.rows:,} people in the trial, {report.treated_rows:,} of them treated; "
        f"outcome `{report.outcome}`{better}. Judged {report.evaluation}. "
        f"{report.rows_ignored:,} other rows were ignored."
    )
    yield from ("", "| figure | value | 95 % |", "|---|---|---|")
    rows = [
        ("`qini`", report.qini, report.qini_low, report.qini_high),
        (
            "`qini` by response alone",
            report.qini_response,
            report.qini_response_low,
            report.qini_response_high,
        ),
    ]
    for name, one in report.learners.items():
        rows.append((f"`qini`, {name.replace('_', ' ')}", one.value, one.low, one.high))
    rows.append(("effect on all", report.effect.value, report.effect.low, report.effect.high))
    for name, value, low, high in rows:
        yield f"| {name} | {value:.4f} | {low:.4f} to {high:.4f} |"
    if report.notes:
        yield from ("", "## Read first", "")
        for note in report.notes:
            yield f"* {note}"
    yield from ("", "## By rank", "", "The outcome's better direction counts upwards.", "")
    yield from ("| tenth | people | said | came |", "|---|---|---|---|")
    for place, one_slice in enumerate(report.slices, start=1):
        came = one_slice.treated_outcome - one_slice.control_outcome
        yield f"| {place} | {one_slice.people:,} | {one_slice.said:+.4f} | {came:+.4f} |"
    if report.left_out:
        yield from ("", "Left out:", "", "| column | why |", "|---|---|")
        for gone in report.left_out:
            yield f"| {cell(gone.name)} | {gone.why}: {cell(gone.detail)} |"
