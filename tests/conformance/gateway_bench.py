"""What the gateway suite asks of a processor's stand-in: a payer, a mailbox of webhooks, faults.

A bench wraps one `Gateway` and the processor (or its stand-in) behind it. To plug an adapter in,
write `tests/conformance/benches/<name>.py` with an async context manager

    @asynccontextmanager
    async def bench(...) -> AsyncIterator[Bench]: ...

and add its module to `BENCHES` in `tests/conformance/conftest.py`. Whatever the stand-in has not
is left out of `can`, and the suite skips those sentences for it, visibly.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from infra.kernel.ids import new_id
from infra.kernel.money import Money
from paywall.payments.port import Gateway, Inbound, Snapshot, StartMandate, StartPayment


class Can(StrEnum):
    """What a stand-in is able to show. Left out = the suite's sentences about it are skipped."""

    DECLINES = "declines"  # Act.DECLINE; with DECLINE_REASONS also the finer ones
    DECLINE_REASONS = "decline_reasons"  # insufficient funds, expired, wrong CVC
    CHALLENGES = "challenges"  # 3-D Secure that the payer passes or refuses
    SLOW_METHODS = "slow_methods"  # Act.SUCCEED_LATER and settle()
    CAPTURE_LATER = "capture_later"  # StartPayment.capture_later, capture, cancel of authorised
    CANCELS = "cancels"  # cancel of a payment that nobody has paid yet
    REFUNDS = "refunds"
    READS_REFUNDS = "reads_refunds"
    MANDATES = "mandates"  # set_up, read_mandate, start with mandate_ref
    DISPUTES = "disputes"
    WEBHOOKS = "webhooks"  # the stand-in sends signed ones (or the bench signs real examples)
    TIMESTAMPED = "timestamped"  # signatures carry a time, so that an old one is refused
    LOSES_ANSWERS = "loses_answers"  # lose_next_answer
    COUNTS_CHARGES = "counts_charges"  # charges()
    KEY_CHECKS_BODY = "key_checks_body"  # the same key with another body is refused
    REPORTS_FEES = "reports_fees"
    REFUSES_AT_ONCE = "refuses_at_once"  # too much to capture or refund; else a later webhook does


class Act(StrEnum):
    """What the payer does with the step that `start` or `set_up` gave."""

    SUCCEED = "succeed"
    DECLINE = "decline"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    PASS_CHALLENGE = "pass_challenge"
    REFUSE_CHALLENGE = "refuse_challenge"
    SUCCEED_LATER = "succeed_later"


class Bench(Protocol):
    """One gateway with everything around it that a test must be able to move."""

    gateway: Gateway
    can: frozenset[Can]
    currencies: tuple[str, ...]  # the first is the usual one; add JPY and KWD where supported

    def now(self) -> datetime:
        """The moment to verify webhooks at."""
        ...

    async def pay(self, started: Snapshot, act: Act) -> None:
        """Be the payer of a started payment: fill the form, pass the challenge, or fail."""
        ...

    async def set_up(self, setup_ref: str, act: Act) -> None:
        """Be the payer of a started mandate."""
        ...

    async def settle(self) -> None:
        """Let pass the time that slow methods need."""
        ...

    async def webhooks(self) -> list[Inbound]:
        """Those sent since the last call, in order; waits for at least one, fails without."""
        ...

    async def charges(self, payment_id: str) -> int:
        """How many payments under our reference took money, however they came to be."""
        ...

    async def lose_next_answer(self, what: str) -> None:
        """The processor carries out the next 'start' or 'refund', but the answer is lost."""
        ...

    async def dispute(self, captured: Snapshot) -> None:
        """The payer's bank takes the money back."""
        ...

    async def close_dispute(self, captured: Snapshot, *, won: bool) -> None: ...

    def unreachable(self) -> Gateway:
        """The same adapter and credentials, pointed at an address where nobody listens."""
        ...


def payment(currency: str = "EUR", minor: int = 1299, **changes: object) -> StartPayment:
    """A payment to start, with a fresh id of ours."""
    fields: dict[str, object] = {
        "payment_id": new_id("pay"),
        "amount": Money(minor, currency),
        "description": "Maud & the Tides, live",
        "return_url": "http://127.0.0.1:9/checkout/back",
        "email": "ada@example.com",
        "locale": "fr",
        "country": "FR",
    }
    return StartPayment(**(fields | changes))  # type: ignore[arg-type]


def mandate(currency: str = "EUR") -> StartMandate:
    return StartMandate(
        mandate_id=new_id("mdt"),
        email="ada@example.com",
        return_url="http://127.0.0.1:9/account/back",
        currency=currency,
        locale="fr",
        country="FR",
    )
