"""For tests: what a bank would do, what goes wrong, what time it is, what was really charged."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.response import Response
from msgspec import Meta

from infra.adapters.sandbox_server import moves
from infra.adapters.sandbox_server.api import Answer, AnyRequest, Done, serve, told
from infra.adapters.sandbox_server.books import Books
from infra.adapters.sandbox_server.faults import Fault
from infra.adapters.sandbox_server.moves import Refusal, payment_view


class CloseIn(msgspec.Struct, kw_only=True):
    won: bool


@post("/test/payments/{payment_id:str}/dispute")
async def make_dispute(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = moves.payment(db, merchant, payment_id)
            opened = moves.dispute(db, now, row)
            if opened is None:
                raise Refusal(409, "nothing_left", "Nothing is left to dispute.")
            return 201, moves.dispute_view(opened, row["reference"])

        return done

    return await serve(request, "test", make)


@post("/test/payments/{payment_id:str}/close-dispute")
async def close_dispute(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        given = await told(request, CloseIn)

        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = moves.payment(db, merchant, payment_id)
            closed = moves.close_dispute(db, now, row, won=given.won)
            return 200, moves.dispute_view(closed, row["reference"])

        return done

    return await serve(request, "test", make)


@post("/test/settle")
async def settle(request: AnyRequest) -> Response[Any]:
    """Whatever was to happen later to this merchant's payments happens now."""

    def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        return 200, {"settled": moves.hurry(db, now, merchant)}

    async def make() -> Done:
        return done

    return await serve(request, "test", make)


@post("/test/payments/{payment_id:str}/take")
async def take_late(request: AnyRequest, payment_id: str) -> Response[Any]:
    """The bank changes its mind: the payment is captured whatever it was before."""

    async def make() -> Done:
        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = moves.payment(db, merchant, payment_id)
            if row["state"] == "captured":
                raise Refusal(409, "captured", "The payment is captured already.")
            return 200, payment_view(moves.take(db, now, row))

        return done

    return await serve(request, "test", make)


@get("/test/charges")
async def list_charges(request: AnyRequest) -> Response[Any]:
    """Every movement of money of this merchant, oldest first: a double charge shows here."""
    reference = request.query_params.get("reference", "")

    def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        rows = db.execute(
            "SELECT payment, reference, kind, amount, currency, at FROM charges"
            " WHERE merchant=? AND (?='' OR reference=?) ORDER BY seq LIMIT 100000",
            (merchant, reference, reference),
        ).fetchall()
        return 200, {"charges": [dict(row) for row in rows]}

    async def make() -> Done:
        return done

    return await serve(request, "test", make)


@post("/test/faults", status_code=204)
async def order_fault(request: AnyRequest) -> None:
    request.app.state.faults.ordered.append(await told(request, Fault))


@get("/test/faults")
async def open_faults(request: AnyRequest) -> Response[Any]:
    """Those ordered that have not happened yet."""
    return Response({"faults": msgspec.to_builtins(request.app.state.faults.ordered)})


@post("/test/faults/clear", status_code=204)
async def clear_faults(request: AnyRequest) -> None:
    request.app.state.faults.ordered.clear()


class MoveClock(msgspec.Struct):
    seconds: Annotated[float, Meta(ge=0, le=10**9)]


@post("/test/clock")
async def move_clock(request: AnyRequest) -> Response[Any]:
    """Move this processor's clock ahead; delayed effects due by then have happened after it."""
    books: Books = request.app.state.books
    await books.move_clock((await told(request, MoveClock)).seconds)
    return Response({"now": books.now()}, status_code=200)


CONTROLS = (
    make_dispute, close_dispute, settle, take_late, list_charges, order_fault, open_faults,
    clear_faults,
    move_clock,
)  # fmt: skip
