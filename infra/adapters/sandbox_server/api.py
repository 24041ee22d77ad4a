"""The sandbox's HTTP API for merchants: JSON, Bearer secret key, Idempotency-Key.

A merchant is its key: `PUT /v1/merchant` registers it (first come) or changes its webhook.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from litestar import Request, get, post, put
from litestar.response import Response
from msgspec import Meta

from infra.adapters.sandbox_server import moves
from infra.adapters.sandbox_server.books import Books
from infra.adapters.sandbox_server.cards import BY_NUMBER, OPEN_LIFE_S, digits, luhn
from infra.adapters.sandbox_server.faults import Faults
from infra.adapters.sandbox_server.moves import KEY_LIFE_S, Refusal, payment_view, refund_view
from infra.kernel.ids import new_id

K = TypeVar("K", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]
_KEY = re.compile(r"sk_test_sandbox_[A-Za-z0-9_-]{1,96}")
Answer = tuple[int, dict[str, Any]]
Minor = Annotated[int, Meta(gt=0, le=10**12)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Short = Annotated[str, Meta(max_length=200)]
Named = Annotated[str, Meta(min_length=1, max_length=80)]
Address = Annotated[str, Meta(max_length=2000)]


Done = Callable[[sqlite3.Connection, float, str], Answer]
"""Work for a known merchant: (db, now, merchant's key) -> status and body."""


class MerchantIn(msgspec.Struct, kw_only=True):
    name: Named
    webhook_url: Address = ""
    webhook_secret: Short = ""


class PaymentIn(msgspec.Struct, kw_only=True):
    reference: Named
    amount: Minor
    currency: Currency
    description: Short = ""
    return_url: Address = ""
    locale: Short = "en"
    customer: Short = ""
    mandate: Short = ""
    save: bool = False
    capture_later: bool = False
    metadata: dict[str, str] = {}
    payment_method: dict[str, str] | None = None


class ConfirmIn(msgspec.Struct, kw_only=True):
    payment_method: dict[str, str]


class CaptureIn(msgspec.Struct, kw_only=True):
    amount: Minor


class RefundIn(msgspec.Struct, kw_only=True):
    payment: Named
    reference: Named
    amount: Minor
    reason: Short = ""


class MandateIn(msgspec.Struct, kw_only=True):
    reference: Named
    return_url: Address
    currency: Currency
    locale: Short = "en"
    customer: Short = ""


def web_address(url: str) -> bool:
    """Whether a browser may be sent there: an absolute http or https address."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def test_card(number: str) -> str:
    """The digits of a test card, or Refusal: a real card must not end up here."""
    number = digits(number)
    if not luhn(number):
        raise Refusal(422, "incorrect_number", "The card number is not right.")
    if number not in BY_NUMBER:
        raise Refusal(422, "not_a_test_card", "Use one of the sandbox's test cards.")
    return number


def merchant_of(request: AnyRequest) -> str:
    """The secret key of the request, or Refusal 401."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _KEY.fullmatch(key):
        raise Refusal(401, "bad_key", "Send a secret key: Authorization: Bearer sk_test_sandbox_…")
    return key


async def told(request: AnyRequest, kind: type[K]) -> K:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise Refusal(422, "invalid", str(error)) from error


async def serve(
    request: AnyRequest, route: str, make: Callable[[], Any], *, keyed: bool = False
) -> Response[Any]:
    """Answer one API request: faults, key, idempotency, transaction, refusals.

    `make` (a coroutine function) reads the body and returns the `Done` to run.
    """
    books: Books = request.app.state.books
    faults: Faults = request.app.state.faults
    early = await faults.before(route)
    if early is not None:
        return early
    try:
        merchant = merchant_of(request)
        done: Done = await make()
        if keyed:
            key = request.headers.get("idempotency-key", "")
            if not 0 < len(key) <= 255:
                raise Refusal(400, "key_missing", "Send an Idempotency-Key of 1 to 255 characters.")
            path = request.url.path.encode()
            fingerprint = hashlib.sha256(path + b"\0" + await request.body()).digest()
            done = once(key, fingerprint, done)
        status, answer = await books.run(lambda db, now: _known(db, now, merchant, done))
    except Refusal as refusal:
        status, answer = refusal.status, refusal.body()
    return await faults.after(route, Response(answer, status_code=status))


def _known(db: sqlite3.Connection, now: float, merchant: str, done: Done) -> Answer:
    if db.execute("SELECT 1 FROM merchants WHERE key=?", (merchant,)).fetchone() is None:
        raise Refusal(401, "unknown_key", "No merchant has this key; register it first.")
    status, answer = done(db, now, merchant)
    if _silent(db, now, answer):
        return 502, {"error": {"code": "no_answer", "message": "The bank does not answer."}}
    return status, answer


def _silent(db: sqlite3.Connection, now: float, answer: dict[str, Any]) -> bool:
    payment_id = answer.get("payment", answer.get("id", ""))
    row = db.execute("SELECT silent_until FROM payments WHERE id=?", (payment_id,)).fetchone()
    return row is not None and row["silent_until"] > now


def once(key: str, fingerprint: bytes, done: Done) -> Done:
    """Within KEY_LIFE_S the same key and request get the stored answer, refusals included."""

    def keyed(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        row = db.execute(
            "SELECT * FROM idempotency WHERE merchant=? AND key=?", (merchant, key)
        ).fetchone()
        if row is not None and now - row["at"] < KEY_LIFE_S:
            if row["fingerprint"] != fingerprint:
                raise Refusal(409, "key_reused", "This key was used for another request.")
            return row["status"], json.loads(row["answer"])
        try:
            status, answer = done(db, now, merchant)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body()
        db.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?,?,?,?,?,?)",
            (merchant, key, fingerprint, status, json.dumps(answer).encode(), now),
        )
        return status, answer

    return keyed


# Routes


@get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "service": "sandbox"}


@put("/v1/merchant")
async def put_merchant(request: AnyRequest) -> Response[Any]:
    """Register the presented key, or change its name and webhook. Needs no earlier sign-up."""
    try:
        key, given = merchant_of(request), await told(request, MerchantIn)
        if given.webhook_url and not (web_address(given.webhook_url) and given.webhook_secret):
            raise Refusal(422, "invalid", "A webhook needs an http(s) address and a secret.")
    except Refusal as refusal:
        return Response(refusal.body(), status_code=refusal.status)
    row = (key, given.name, given.webhook_url, given.webhook_secret)
    books: Books = request.app.state.books
    await books.run(
        lambda db, now: db.execute("INSERT OR REPLACE INTO merchants VALUES (?,?,?,?)", row)
    )
    return Response({"name": given.name, "webhook_url": given.webhook_url})


@post("/v1/payments")
async def create_payment(request: AnyRequest) -> Response[Any]:
    async def make() -> Done:
        given = await told(request, PaymentIn)
        if not given.mandate and not web_address(given.return_url):
            raise Refusal(422, "invalid", "return_url must be an absolute http(s) address.")
        number = test_card(given.payment_method.get("card", "")) if given.payment_method else ""
        return lambda db, now, merchant: _create(db, now, merchant, given, number)

    return await serve(request, "payments.create", make, keyed=True)


def _create(
    db: sqlite3.Connection, now: float, merchant: str, given: PaymentIn, number: str
) -> Answer:
    customer, expires = given.customer, ""
    if given.mandate:
        agreed = moves.mandate(db, merchant, given.mandate)
        if agreed["state"] != "ready":
            raise Refusal(409, "mandate_not_ready", "The mandate can't be charged.")
        number, customer = agreed["card"], agreed["customer"]
        expires = agreed["expires"]
    row = db.execute(
        "INSERT INTO payments (id, merchant, reference, state, amount, currency, description,"
        " return_url, locale, customer, mandate, save, capture_later, metadata, created_at,"
        " due_at, due_action) VALUES (?,?,?,'open',?,?,?,?,?,?,?,?,?,?,?,?,'expire') RETURNING *",
        (
            new_id("sbp"), merchant, given.reference, given.amount, given.currency,
            given.description, given.return_url, given.locale, customer or new_id("sbc"),
            given.mandate, given.save, given.capture_later, json.dumps(given.metadata), now,
            now + OPEN_LIFE_S,
        ),
    ).fetchone()  # fmt: skip
    if number:
        row = moves.pay(db, now, row, number, expires)
    return 201, payment_view(row)


@get("/v1/payments/{payment_id:str}")
async def read_payment(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        return lambda db, now, merchant: (
            200,
            payment_view(moves.payment(db, merchant, payment_id)),
        )

    return await serve(request, "payments.read", make)


@get("/v1/payments")
async def find_payments(request: AnyRequest) -> Response[Any]:
    """Those with ?reference=, oldest first. More than one means the key's life was outlived."""
    reference = request.query_params.get("reference", "")

    def found(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        rows = db.execute(
            "SELECT * FROM payments WHERE merchant=? AND reference=? ORDER BY created_at LIMIT 20",
            (merchant, reference),
        ).fetchall()
        if any(row["silent_until"] > now for row in rows):
            return 502, {"error": {"code": "no_answer", "message": "The bank does not answer."}}
        return 200, {"payments": [payment_view(row) for row in rows]}

    async def make() -> Done:
        return found

    return await serve(request, "payments.read", make)


@post("/v1/payments/{payment_id:str}/confirm")
async def confirm_payment(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        number = test_card((await told(request, ConfirmIn)).payment_method.get("card", ""))
        return lambda db, now, merchant: (
            200,
            payment_view(moves.pay(db, now, moves.payment(db, merchant, payment_id), number)),
        )

    return await serve(request, "payments.confirm", make)


@post("/v1/payments/{payment_id:str}/capture")
async def capture_payment(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        given = await told(request, CaptureIn)

        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = moves.payment(db, merchant, payment_id)
            if row["state"] != "authorised":
                raise Refusal(409, "not_authorised", f"The payment is {row['state']}.")
            return 200, payment_view(moves.capture(db, now, row, given.amount))

        return done

    return await serve(request, "payments.capture", make, keyed=True)


@post("/v1/payments/{payment_id:str}/cancel")
async def cancel_payment(request: AnyRequest, payment_id: str) -> Response[Any]:
    async def make() -> Done:
        return lambda db, now, merchant: (
            200,
            payment_view(moves.cancel(db, now, moves.payment(db, merchant, payment_id))),
        )

    return await serve(request, "payments.cancel", make, keyed=True)


@post("/v1/refunds")
async def create_refund(request: AnyRequest) -> Response[Any]:
    async def make() -> Done:
        given = await told(request, RefundIn)

        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = moves.payment(db, merchant, given.payment)
            made = moves.refund(db, now, row, given.reference, given.amount)
            return 201, refund_view(made, row["reference"])

        return done

    return await serve(request, "refunds.create", make, keyed=True)


@get("/v1/refunds")
async def find_refunds(request: AnyRequest) -> Response[Any]:
    """Those with ?reference= or ?id=, oldest first."""
    wanted = request.query_params.get("reference", ""), request.query_params.get("id", "")

    def found(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        rows = db.execute(
            "SELECT * FROM refunds WHERE merchant=? AND (reference=? OR id=?) LIMIT 20",
            (merchant, *wanted),
        ).fetchall()
        views = [
            refund_view(row, moves.payment(db, merchant, row["payment"])["reference"])
            for row in rows
        ]
        return 200, {"refunds": views}

    async def make() -> Done:
        return found

    return await serve(request, "refunds.read", make)


@post("/v1/mandates")
async def create_mandate(request: AnyRequest) -> Response[Any]:
    async def make() -> Done:
        given = await told(request, MandateIn)
        if not web_address(given.return_url):
            raise Refusal(422, "invalid", "return_url must be an absolute http(s) address.")

        def done(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
            row = db.execute(
                "INSERT INTO mandates (id, merchant, reference, state, customer, return_url,"
                " locale, currency) VALUES (?,?,?,'open',?,?,?,?) RETURNING *",
                (new_id("sbm"), merchant, given.reference, given.customer or new_id("sbc"),
                 given.return_url, given.locale, given.currency),
            ).fetchone()  # fmt: skip
            return 201, moves.mandate_view(row)

        return done

    return await serve(request, "mandates.create", make, keyed=True)


@get("/v1/mandates")
async def find_mandates(request: AnyRequest) -> Response[Any]:
    """Those with ?reference= or ?id=, oldest first."""
    wanted = request.query_params.get("reference", ""), request.query_params.get("id", "")

    def found(db: sqlite3.Connection, now: float, merchant: str) -> Answer:
        rows = db.execute(
            "SELECT * FROM mandates WHERE merchant=? AND (reference=? OR id=?) LIMIT 20",
            (merchant, *wanted),
        ).fetchall()
        return 200, {"mandates": [moves.mandate_view(row) for row in rows]}

    async def make() -> Done:
        return found

    return await serve(request, "mandates.read", make)


ROUTES = (
    health, put_merchant, create_payment, read_payment, find_payments, confirm_payment,
    capture_payment, cancel_payment, create_refund, find_refunds, create_mandate, find_mandates,
)  # fmt: skip
