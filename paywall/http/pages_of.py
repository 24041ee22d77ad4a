"""Lists in pages: `?limit=&cursor=` in, `{"data": [...], "next_cursor": ...}` and Link out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from infra.kernel.errors import Invalid
from infra.kernel.paging import LIMIT_MAX, Place, Slice, Wanted

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many to give at most.")]
Cursor = Annotated[
    str,
    QueryParameter(
        max_length=200, description="`next_cursor` of the page before; empty for the first."
    ),
]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. `next_cursor` is null on the last."""

    data: list[T]
    next_cursor: str | None = None


def wanted(limit: int, cursor: str) -> Wanted:
    """What `?limit=&cursor=` ask for; Invalid for a cursor that we did not give."""
    return Wanted(limit=limit, after=_read(cursor) if cursor else None)


def onward(path: str, name: str, rows: Slice[R]) -> str | None:
    """The address of a page's next slice, with the cursor under this name; None at the end."""
    return None if rows.more is None else f"{path}?{urlencode({name: cursor_of(rows.more)})}"


def page_of(
    request: Request[Any, Any, Any], rows: Slice[R], view: Callable[[R], T]
) -> Response[Page[T]]:
    """The page as an answer, with `Link: <...>; rel="next"` (RFC 8288) where there is more."""
    cursor = cursor_of(rows.more) if rows.more is not None else None
    headers = {}
    if cursor is not None:
        asked = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
        query = urlencode([*asked, ("cursor", cursor)])
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return Response(Page([view(row) for row in rows.rows], cursor), headers=headers)


# A cursor tells only the time and id of a row that its holder has seen, and every list is cut to
# what its caller may see before a cursor applies: a made-up one shows nothing more, so it needs
# no signature.
def cursor_of(place: Place) -> str:
    """The place as `next_cursor` gives it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(cursor: str) -> Place:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = msgspec.json.decode(raw, type=Place)
    except (UnicodeError, binascii.Error, msgspec.DecodeError) as error:
        raise _not_ours() from error
    if not place.id.isascii() or not place.id.isprintable() or len(place.id) > 64:
        raise _not_ours()
    if place.at is not None and place.at.tzinfo is None:
        raise _not_ours()
    return place


def _not_ours() -> Invalid:
    return Invalid("cursor", "Send next_cursor as the page before gave it, or leave it out.")
