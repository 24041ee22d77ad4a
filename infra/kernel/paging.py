"""Reading long lists in slices that stay right while rows are added: keyset, never offset."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from infra.kernel.db import Tx

R = TypeVar("R")

LIMIT_MAX = 100


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The last row seen: its time, where the list is sorted by one, and its id."""

    at: datetime | None
    id: str


class Wanted(msgspec.Struct, frozen=True):
    """Which slice of a list: up to `limit` rows after `after`."""

    limit: int = 50
    after: Place | None = None


class Slice(Generic[R]):
    """Rows and the place from which to go on; `more` is None at the end."""

    __slots__ = ("more", "rows")

    def __init__(self, rows: list[R], more: Place | None) -> None:
        self.rows = rows
        self.more = more


async def slice_of(
    tx: Tx,
    query: Select[R],
    wanted: Wanted,
    *,
    id_column: InstrumentedAttribute[str],
    at_column: InstrumentedAttribute[datetime] | None = None,
    newest_first: bool = True,
) -> Slice[R]:
    """One slice of a query over one model, sorted by at_column (if given), then by id.

    Ids sort by the time of their making, so that `newest_first` without at_column means what it
    says. at_column must never be NULL.
    """
    assert 1 <= wanted.limit <= LIMIT_MAX
    columns: list[InstrumentedAttribute[Any]] = [id_column]
    if at_column is not None:
        columns.insert(0, at_column)
    if wanted.after is not None:
        query = query.where(_beyond(wanted.after, id_column, at_column, newest_first=newest_first))
    order = [c.desc() if newest_first else c.asc() for c in columns]
    rows = list((await tx.scalars(query.order_by(*order).limit(wanted.limit + 1))).all())
    if len(rows) <= wanted.limit:
        return Slice(rows, None)
    rows.pop()
    last = rows[-1]
    at = getattr(last, at_column.key) if at_column is not None else None
    return Slice(rows, Place(at, getattr(last, id_column.key)))


def _beyond(
    place: Place,
    id_column: InstrumentedAttribute[str],
    at_column: InstrumentedAttribute[datetime] | None,
    *,
    newest_first: bool,
) -> ColumnElement[bool]:
    further = id_column < place.id if newest_first else id_column > place.id
    if at_column is None or place.at is None:
        return further
    later = at_column < place.at if newest_first else at_column > place.at
    return or_(later, and_(at_column == place.at, further))
