"""Support of the lake: cases, from when they were opened to how content their person was."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.bridges.lake.source import ROWS_A_PAGE, Page, Row, Source, page_of
from support_bot.case_tables import UNDECIDED, Case, CaseState

CONTENT = {1: 5, 0: 1}
"""The two answers that people may give, on the scale of one to five."""


async def cases(tx: Tx, source: Source, after: str) -> Page:
    """Each as it was opened, solved and judged, and as it is where it was opened again."""
    query = (
        select(Case)
        .where(Case.venue_id == source.venue_id, Case.id > after)
        .order_by(Case.id)
        .limit(ROWS_A_PAGE)
    )
    if source.live:
        query = query.where(Case.opened_at >= source.live_since)
    found = list(await tx.scalars(query))
    rows: list[Row] = []
    for case in found:
        rows += _life(case, source.person(case.customer_id) if case.customer_id else "")
    return page_of(rows, [case.id for case in found])


def _life(case: Case, person: str) -> list[Row]:
    opened: Row = {
        "fact_id": case.id,
        "event_at": case.opened_at,
        "known_at": case.opened_at,
        "origin": "paywall",
        "person": person,
        "case_id": case.id,
        "topic": case.topic,
        "channel": case.channel.value,
        "state": "open",
        "settled_by": "",
    }
    rows = [opened]
    if case.state in UNDECIDED:
        return rows
    by = {"bot": "bot", "customer": "", "": ""}.get(case.solved_by, "person")
    if case.bot_vote > 0 and case.first_replied_at is None:
        by = "bot"  # its mail was enough, in the customer's own word
    if case.state is CaseState.MERGED:
        by = ""  # its answer is told in the other one
    at = case.solved_at or case.changed_at
    solved = opened | {"state": "solved", "settled_by": by, "solved_at": at, "known_at": at}
    rows.append(solved)
    if case.rating is not None:
        rows.append(solved | {"satisfaction": CONTENT[case.rating], "known_at": case.rated_at})
    return rows


PAGES = (cases,)
