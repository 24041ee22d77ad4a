"""Which model is in use: what came of each training, and the way back to an earlier one.

Web workers call this: nothing of learning is imported.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from churn.prediction.causes import Cause
from churn.prediction.tables import TRANSITIONS, ModelFile, ModelRecord, ModelState
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, NotFound
from infra.kernel.states import move

FILES_KEPT = 6
"""Of each cause, besides the one in use: so far back one may go."""


class ModelGone(Conflict):
    """The training is known, the model itself was given up."""

    code = "model_gone"


async def current(tx: Tx, venue_id: str) -> dict[Cause, ModelRecord]:
    """The models whose scores are in use."""
    query = select(ModelRecord).where(
        ModelRecord.venue_id == venue_id, ModelRecord.state == ModelState.CURRENT
    )
    return {record.cause: record for record in await tx.scalars(query)}


async def record_of(tx: Tx, venue_id: str, model_id: str) -> ModelRecord:
    """One training of this venue, or NotFound."""
    record = await tx.get(ModelRecord, model_id)
    if record is None or record.venue_id != venue_id:
        raise NotFound("model")
    return record


async def trainings(tx: Tx, venue_id: str, limit: int = 100) -> Sequence[ModelRecord]:
    """The last trainings of all causes, the newest first."""
    query = (
        select(ModelRecord)
        .where(ModelRecord.venue_id == venue_id)
        .order_by(ModelRecord.trained_at.desc(), ModelRecord.id.desc())
        .limit(limit)
    )
    return (await tx.scalars(query)).all()


async def can_be_used(tx: Tx, record: ModelRecord) -> bool:
    """It is not in use, and its bytes are still there."""
    if record.state is ModelState.CURRENT:
        return False
    query = select(ModelFile.model_id).where(ModelFile.model_id == record.id)
    return await tx.scalar(query) is not None


async def put_in_use(tx: Tx, venue_id: str, model_id: str) -> ModelRecord:
    """Go back to an earlier model, or take a refused one. Scores follow with the next run."""
    record = await record_of(tx, venue_id, model_id)
    if record.state is ModelState.CURRENT:
        return record
    if not await can_be_used(tx, record):
        raise ModelGone("This model is no longer kept. Choose a later one, or train anew.")
    await step_aside(tx, venue_id, record.cause)
    move(record, ModelState.CURRENT, TRANSITIONS)
    return record


async def step_aside(tx: Tx, venue_id: str, cause: Cause) -> None:
    """Whatever is in use for the cause is so no longer."""
    query = select(ModelRecord).where(
        ModelRecord.venue_id == venue_id,
        ModelRecord.cause == cause,
        ModelRecord.state == ModelState.CURRENT,
    )
    for record in await tx.scalars(query.with_for_update()):
        move(record, ModelState.REPLACED, TRANSITIONS)
    await tx.flush()


async def give_up_old_files(tx: Tx, venue_id: str, cause: Cause) -> None:
    """Keep the bytes of the last few models; trainings and cards stay."""
    query = (
        select(ModelRecord.id)
        .where(
            ModelRecord.venue_id == venue_id,
            ModelRecord.cause == cause,
            ModelRecord.state != ModelState.CURRENT,
        )
        .order_by(ModelRecord.trained_at.desc(), ModelRecord.id.desc())
        .offset(FILES_KEPT)
        .limit(1000)
    )
    old = list(await tx.scalars(query))
    if old:
        await tx.execute(delete(ModelFile).where(ModelFile.model_id.in_(old)))
