"""Which of a driver's errors mean that the database does not answer, whatever was asked of it."""

from __future__ import annotations

import socket

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from infra.kernel.errors import Unavailable

# PostgreSQL's error codes (appendix A of its manual, version 15, read 2026-11-22): class 08 is the
# connection, 53 is resources that ran out, 57P01 to 57P03 a server that stops, crashed or starts.
_CLASSES = ("08", "53", "57P01", "57P02", "57P03")
# sqlite.org/rescode.html: BUSY, LOCKED, IOERR, FULL, CANTOPEN; the low byte of an extended code.
_SQLITE = frozenset({5, 6, 10, 13, 14})


class DatabaseAway(Unavailable):
    """The database does not answer. Whether a commit that was under way arrived is not known."""

    def __init__(self) -> None:
        super().__init__(
            "The database does not answer right now. Try again in a moment; "
            "with the same Idempotency-Key nothing is done twice."
        )


def is_away(error: Exception) -> bool:
    """True for lost, refused and timed-out connections; False for whatever a statement did wrong.

    Errors while connecting reach us as the driver or the operating system raised them, others
    wrapped by SQLAlchemy. A transaction calls nothing but its database, so every network error
    that comes out of one is the database's.
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _says_so(error.orig)
    if isinstance(error, PoolTimeout | ConnectionError | TimeoutError | socket.gaierror):
        return True
    # asyncio joins the errors of several addresses into a plain OSError.
    return type(error) is OSError or _says_so(error)


def _says_so(error: BaseException | None) -> bool:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(_CLASSES)
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _SQLITE
