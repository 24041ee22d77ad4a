"""What became of acts that travel, read from the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from churn.ports import Outcome
from infra.kernel.db import Tx, padded
from paywall.mailings.last_word import SAID_NO
from paywall.notices.tables import OutboxKind, OutboxRow, OutboxState

_OPEN = (OutboxState.WAITING, OutboxState.SENDING)


async def became(tx: Tx, touch_ids: Sequence[str]) -> dict[str, Outcome]:
    """By touch. A webhook that reached one of several endpoints counts as sent."""
    # By kind too: the index of what a cause may send once begins with it.
    query = select(OutboxRow.cause_id, OutboxRow.state, OutboxRow.last_error).where(
        OutboxRow.kind.in_((OutboxKind.MAIL, OutboxKind.WEBHOOK)),
        OutboxRow.cause_id.in_(padded(touch_ids)),
    )
    found: dict[str, list[Outcome]] = {}
    for row in (await tx.execute(query)).all():
        found.setdefault(row.cause_id, []).append(_outcome(row.state, row.last_error))
    order = (Outcome.WAITING, Outcome.SENT, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.FAILED)
    return {touch: min(states, key=order.index) for touch, states in found.items()}


def _outcome(state: OutboxState, last_error: str) -> Outcome:
    if state in _OPEN:
        return Outcome.WAITING
    if state is OutboxState.SENT:
        return Outcome.SENT
    if state is OutboxState.UNKNOWN:
        return Outcome.UNKNOWN
    return Outcome.REFUSED if last_error == SAID_NO else Outcome.FAILED
