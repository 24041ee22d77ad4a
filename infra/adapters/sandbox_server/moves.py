"""What can happen to a payment, a refund, a dispute and a mandate at the sandbox.

Every function takes (db, now) of a running transaction, writes, and queues its webhook.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from infra.adapters.sandbox_server import cards
from infra.adapters.sandbox_server.cards import BY_NUMBER, Fate
from infra.kernel.ids import new_id
from infra.kernel.money import Money

KEY_LIFE_S = 24 * 3600
DISPUTE_FEE = 1500
EVIDENCE_S = 7 * 24 * 3600


class Refusal(Exception):
    """The request can't be carried out; nothing was done."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


# Views: what the API and the webhooks say


def payment_view(row: sqlite3.Row) -> dict[str, Any]:
    shown = {
        key: row[key]
        for key in (
            "id", "reference", "state", "amount", "currency", "captured", "refunded", "disputed",
            "fee", "decline", "method", "customer", "mandate", "expires",
        )
    }  # fmt: skip
    return shown | {"metadata": json.loads(row["metadata"]), "page": f"/pay/{row['id']}"}


def refund_view(row: sqlite3.Row, payment_reference: str) -> dict[str, Any]:
    shown = {k: row[k] for k in ("id", "reference", "payment", "amount", "currency", "state")}
    return shown | {"payment_reference": payment_reference}


def dispute_view(row: sqlite3.Row, reference: str) -> dict[str, Any]:
    shown = {
        key: row[key]
        for key in (
            "id", "payment", "state", "amount", "currency", "reason", "fee", "evidence_due_at",
        )
    }  # fmt: skip
    return shown | {"payment_reference": reference}


def mandate_view(row: sqlite3.Row) -> dict[str, Any]:
    shown = {k: row[k] for k in ("id", "reference", "state", "customer", "decline", "currency")}
    return shown | {"page": f"/setup/{row['id']}"}


# Finding


def payment(db: sqlite3.Connection, merchant: str | None, payment_id: str) -> sqlite3.Row:
    """The payment, or Refusal 404. `merchant` None: asked by the payer's page."""
    row = db.execute("SELECT * FROM payments WHERE id=?", (payment_id,)).fetchone()
    if row is None or (merchant is not None and row["merchant"] != merchant):
        raise Refusal(404, "not_found", "There is no such payment.")
    assert isinstance(row, sqlite3.Row)
    return row


def mandate(db: sqlite3.Connection, merchant: str | None, mandate_id: str) -> sqlite3.Row:
    row = db.execute("SELECT * FROM mandates WHERE id=?", (mandate_id,)).fetchone()
    if row is None or (merchant is not None and row["merchant"] != merchant):
        raise Refusal(404, "not_found", "There is no such mandate.")
    assert isinstance(row, sqlite3.Row)
    return row


def _set(db: sqlite3.Connection, payment_id: str, **changes: Any) -> sqlite3.Row:
    columns = ", ".join(f"{name}=?" for name in changes)
    sql = f"UPDATE payments SET {columns} WHERE id=? RETURNING *"  # noqa: S608 - our own names
    row = db.execute(sql, (*changes.values(), payment_id)).fetchone()
    assert isinstance(row, sqlite3.Row)
    return row


def emit(
    db: sqlite3.Connection, merchant: str, kind: str, data: dict[str, Any], now: float
) -> None:
    """Queue a webhook with its cause, if the merchant has an address for it."""
    event_id = new_id("evt")
    body = json.dumps({"id": event_id, "type": kind, "timestamp": now, "data": data})
    db.execute(
        "INSERT INTO deliveries (id, merchant, body, due_at)"
        " SELECT ?, key, ?, ? FROM merchants WHERE key=? AND webhook_url<>''",
        (event_id, body.encode(), now, merchant),
    )


def _charge(db: sqlite3.Connection, row: sqlite3.Row, kind: str, amount: int, now: float) -> None:
    db.execute(
        "INSERT INTO charges (merchant, payment, reference, kind, amount, currency, at)"
        " VALUES (?,?,?,?,?,?,?)",
        (row["merchant"], row["id"], row["reference"], kind, amount, row["currency"], now),
    )


# The payer


def pay(
    db: sqlite3.Connection, now: float, row: sqlite3.Row, number: str, expires: str = ""
) -> sqlite3.Row:
    """An open payment is paid with a test card (its number already checked).

    `expires` is its last month, `2031-04`; where nobody said one, the card is good for years.
    """
    if row["state"] != "open":
        raise Refusal(409, "not_open", f"The payment is {row['state']}.")
    card = BY_NUMBER[number]
    row = _set(
        db, row["id"], card=number, method=method(number), due_at=None, due_action="",
        expires=expires or cards.last_month(now),
    )  # fmt: skip
    if card.fate is Fate.DECLINE:
        return fail(db, now, row, card.decline)
    if card.fate is Fate.CHALLENGE:
        if row["mandate"]:  # the payer is absent, so nobody could pass it
            return fail(db, now, row, "authentication_failed")
        return _wait(db, row, "challenge", now + cards.OPEN_LIFE_S, "expire")
    if card.fate is Fate.LATER:
        return _wait(db, row, "processing", now + cards.CAPTURE_DELAY_S, "take")
    if card.fate is Fate.SILENCE:
        until = now + cards.SILENCE_S
        row = _set(db, row["id"], silent_until=until)
        return _wait(db, row, "processing", until, "take")
    return take(db, now, row)


def _wait(
    db: sqlite3.Connection, row: sqlite3.Row, state: str, due_at: float, action: str
) -> sqlite3.Row:
    return _set(db, row["id"], state=state, due_at=due_at, due_action=action)


def take(db: sqlite3.Connection, now: float, row: sqlite3.Row) -> sqlite3.Row:
    """The bank said yes: capture, or only reserve if the merchant asked for that."""
    if row["save"] and not row["mandate"]:
        row = _set(db, row["id"], mandate=_saved(db, row))
    if row["capture_later"]:
        row = _set(db, row["id"], state="authorised", due_at=None, due_action="")
        emit(db, row["merchant"], "payment.authorised", payment_view(row), now)
        return row
    return capture(db, now, row, row["amount"])


def _saved(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    mandate_id = new_id("sbm")
    db.execute(
        "INSERT INTO mandates (id, merchant, reference, state, customer, card, return_url, locale,"
        " currency, expires) VALUES (?,?,?,'ready',?,?,'',?,?,?)",
        (mandate_id, row["merchant"], row["reference"], row["customer"], row["card"],
         row["locale"], row["currency"], row["expires"]),
    )  # fmt: skip
    return mandate_id


def capture(db: sqlite3.Connection, now: float, row: sqlite3.Row, amount: int) -> sqlite3.Row:
    if not 0 < amount <= row["amount"]:
        raise Refusal(422, "amount_too_large", "Capture no more than was authorised.")
    disputed = BY_NUMBER.get(row["card"], cards.TEST_CARDS[0]).fate is Fate.DISPUTE
    row = _set(
        db,
        row["id"],
        state="captured",
        captured=amount,
        fee=cards.fee(Money(amount, row["currency"])).minor,
        decline="",
        due_at=now + cards.DISPUTE_DELAY_S if disputed else None,
        due_action="dispute" if disputed else "",
    )
    _charge(db, row, "charge", amount, now)
    emit(db, row["merchant"], "payment.captured", payment_view(row), now)
    return row


def fail(db: sqlite3.Connection, now: float, row: sqlite3.Row, decline: str) -> sqlite3.Row:
    row = _set(db, row["id"], state="failed", decline=decline, due_at=None, due_action="")
    emit(db, row["merchant"], "payment.failed", payment_view(row), now)
    return row


def answer_challenge(
    db: sqlite3.Connection, now: float, row: sqlite3.Row, *, approved: bool
) -> sqlite3.Row:
    if row["state"] != "challenge":
        raise Refusal(409, "not_challenged", f"The payment is {row['state']}.")
    return take(db, now, row) if approved else fail(db, now, row, "authentication_failed")


def method(number: str) -> str:
    return f"Visa ···· {number[-4:]}"


# The merchant


def cancel(db: sqlite3.Connection, now: float, row: sqlite3.Row) -> sqlite3.Row:
    if row["state"] == "cancelled":
        return row
    if row["state"] not in ("open", "challenge", "authorised"):
        raise Refusal(409, "not_cancellable", f"The payment is {row['state']}.")
    row = _set(db, row["id"], state="cancelled", due_at=None, due_action="")
    emit(db, row["merchant"], "payment.cancelled", payment_view(row), now)
    return row


def refund(
    db: sqlite3.Connection, now: float, row: sqlite3.Row, reference: str, amount: int
) -> sqlite3.Row:
    if row["state"] != "captured":
        raise Refusal(409, "not_captured", f"The payment is {row['state']}.")
    if not 0 < amount <= row["captured"] - row["refunded"] - row["disputed"]:
        raise Refusal(422, "amount_too_large", "That is more than is left of what was captured.")
    _set(db, row["id"], refunded=row["refunded"] + amount)
    made = db.execute(
        "INSERT INTO refunds VALUES (?,?,?,?,?,?,'succeeded',?) RETURNING *",
        (new_id("sbr"), row["merchant"], reference, row["id"], amount, row["currency"], now),
    ).fetchone()
    _charge(db, row, "refund", -amount, now)
    emit(db, row["merchant"], "refund.succeeded", refund_view(made, row["reference"]), now)
    assert isinstance(made, sqlite3.Row)
    return made


# Disputes


def dispute(db: sqlite3.Connection, now: float, row: sqlite3.Row) -> sqlite3.Row | None:
    """The payer's bank takes back what is left; None when nothing is."""
    left = row["captured"] - row["refunded"] - row["disputed"]
    _set(db, row["id"], disputed=row["disputed"] + left, due_at=None, due_action="")
    if left <= 0:
        return None
    made = db.execute(
        "INSERT INTO disputes VALUES (?,?,?,'open',?,?,'fraudulent',?,?) RETURNING *",
        (new_id("sbd"), row["merchant"], row["id"], left, row["currency"], DISPUTE_FEE,
         now + EVIDENCE_S),
    ).fetchone()  # fmt: skip
    _charge(db, row, "dispute", -left, now)
    emit(db, row["merchant"], "dispute.opened", dispute_view(made, row["reference"]), now)
    assert isinstance(made, sqlite3.Row)
    return made


def close_dispute(
    db: sqlite3.Connection, now: float, paid: sqlite3.Row, *, won: bool
) -> sqlite3.Row:
    """The payment's open dispute ends; a won one brings the money back."""
    found = db.execute(
        "UPDATE disputes SET state=? WHERE payment=? AND state='open' RETURNING *",
        ("won" if won else "lost", paid["id"]),
    ).fetchone()
    if found is None:
        raise Refusal(404, "not_found", "The payment has no open dispute.")
    if won:
        _set(db, paid["id"], disputed=paid["disputed"] - found["amount"])
        _charge(db, paid, "dispute_won", found["amount"], now)
    emit(db, paid["merchant"], "dispute.closed", dispute_view(found, paid["reference"]), now)
    assert isinstance(found, sqlite3.Row)
    return found


# Mandates


def finish_mandate(
    db: sqlite3.Connection, now: float, row: sqlite3.Row, number: str, expires: str = ""
) -> sqlite3.Row:
    """The payer gave a card to be charged later; declining cards are refused at once."""
    if row["state"] != "open":
        raise Refusal(409, "not_open", f"The mandate is {row['state']}.")
    card = BY_NUMBER[number]
    state = "failed" if card.fate is Fate.DECLINE else "ready"
    made = db.execute(
        "UPDATE mandates SET state=?, decline=?, card=?, expires=? WHERE id=? RETURNING *",
        (state, card.decline, number, expires or cards.last_month(now), row["id"]),
    ).fetchone()
    emit(db, row["merchant"], f"mandate.{state}", mandate_view(made), now)
    assert isinstance(made, sqlite3.Row)
    return made


# Time


def what_is_due(db: sqlite3.Connection, now: float) -> None:
    """Carry out every delayed effect whose time has come."""
    _carry_out(
        db,
        now,
        db.execute(
            "SELECT * FROM payments WHERE due_at IS NOT NULL AND due_at <= ?"
            " ORDER BY due_at LIMIT 200",
            (now,),
        ).fetchall(),
    )


def hurry(db: sqlite3.Connection, now: float, merchant: str) -> int:
    """Carry out this merchant's delayed effects now; how many. Nobody is timed out."""
    rows = db.execute(
        "UPDATE payments SET silent_until=0 WHERE merchant=? AND due_at IS NOT NULL"
        " AND due_action<>'expire' RETURNING *",
        (merchant,),
    ).fetchall()
    _carry_out(db, now, rows)
    return len(rows)


def _carry_out(db: sqlite3.Connection, now: float, rows: list[sqlite3.Row]) -> None:
    for row in rows:
        match row["due_action"]:
            case "take":
                take(db, now, row)
            case "expire":
                fail(db, now, row, "abandoned")
            case "dispute":
                dispute(db, now, row)
            case other:
                raise AssertionError(other)
