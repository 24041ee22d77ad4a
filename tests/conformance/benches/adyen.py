"""Adyen's bench: the adapter before our stateful stand-in.

Adyen answers no question about a payment, so the bench's gateway is the adapter with a small
inbox behind it: its `read` adds what the page (sessionResult) and the webhooks brought, each
through the adapter's own `read`, `verify` and `interpret`. That is what the product's inbox does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from infra.adapters.adyen import AdyenCredentials, AdyenGateway
from infra.adapters.adyen_words import SessionRef, to_adyen, with_session_result
from infra.kernel.money import Money
from paywall.payments.port import (
    Gateway,
    Inbound,
    PaymentChanged,
    RefundChanged,
    RefundStanding,
    Snapshot,
    Standing,
    StartPayment,
)
from tests.conformance import adyen_standin
from tests.conformance.adyen_contracts import CHECKOUT, Description, contract_path
from tests.conformance.adyen_standin import AdyenStandIn
from tests.conformance.gateway_bench import Act, Bench, Can

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def credentials(**changes: Any) -> AdyenCredentials:
    fields: dict[str, Any] = {
        "merchant_account": adyen_standin.MERCHANT,
        "api_key": adyen_standin.API_KEY,
        "client_key": "test_STANDIN",
        "hmac_keys": (adyen_standin.HMAC_KEY,),
        "webhook_user": adyen_standin.USER,
        "webhook_password": adyen_standin.PASSWORD,
    }
    return AdyenCredentials(**(fields | changes))


class WithInbox(AdyenGateway):
    """The adapter, and what came in since: keyed by payment, as a row of ours would be."""

    def __init__(self, standin: AdyenStandIn, **options: Any) -> None:
        super().__init__(credentials(), api_url=standin.url, **options)
        self.standin = standin
        self.known: dict[str, Snapshot] = {}
        self.refunds: dict[str, Money] = {}
        self.seen = 0

    async def start(self, intent: StartPayment) -> Snapshot:
        self.known[intent.payment_id] = started = await super().start(intent)
        return started

    async def read(self, *, processor_ref: str, payment_id: str, hint: str = "") -> Snapshot | None:
        told = await super().read(processor_ref=processor_ref, payment_id=payment_id, hint=hint)
        row = self.known.get(payment_id)
        if not processor_ref or row is None:
            return told
        self._take_webhooks()
        return self.known[payment_id]

    async def back_from_drop_in(self, started: Snapshot, result: str) -> None:
        ref = with_session_result(started.processor_ref, result)
        told = await super().read(processor_ref=ref, payment_id=started.payment_id)
        assert told is not None
        self._merge(told)

    async def capture(self, *, processor_ref: str, payment_id: str, amount: Money) -> Snapshot:
        ref = self.known[payment_id].processor_ref
        return await super().capture(processor_ref=ref, payment_id=payment_id, amount=amount)

    async def cancel(self, *, processor_ref: str, payment_id: str) -> Snapshot:
        ref = self.known[payment_id].processor_ref
        return await super().cancel(processor_ref=ref, payment_id=payment_id)

    def _take_webhooks(self) -> None:
        fresh, self.seen = self.standin.sent[self.seen :], len(self.standin.sent)
        for inbound in fresh:
            for item in self.verify(inbound, NOW):
                for change in self.interpret(item):
                    if isinstance(change, PaymentChanged) and change.snapshot:
                        self._merge(change.snapshot)
                    elif isinstance(change, RefundChanged) and change.snapshot:
                        self._refunded(change)

    def _merge(self, told: Snapshot) -> None:
        row = self.known.get(told.payment_id)
        if row is None or told.standing is Standing.PENDING:
            return
        self.known[told.payment_id] = msgspec.structs.replace(
            row,
            processor_ref=told.processor_ref or row.processor_ref,
            standing=told.standing,
            captured=told.captured,
            decline=told.decline,
            next=told.next,
        )

    def _refunded(self, change: RefundChanged) -> None:
        assert change.snapshot is not None
        if change.snapshot.standing is not RefundStanding.SUCCEEDED:
            return
        for payment_id, row in self.known.items():
            if row.processor_ref == change.payment_ref:
                self.known[payment_id] = msgspec.structs.replace(
                    row, refunded=row.refunded + change.snapshot.amount
                )


class AdyenBench:
    can = frozenset(
        {
            Can.DECLINES,
            Can.SLOW_METHODS,
            Can.CAPTURE_LATER,
            Can.REFUNDS,
            Can.MANDATES,
            Can.DISPUTES,
            Can.WEBHOOKS,
            Can.LOSES_ANSWERS,
            Can.COUNTS_CHARGES,
        }
    )
    currencies = ("EUR", "JPY", "KWD", "ISK")

    def __init__(self, standin: AdyenStandIn) -> None:
        self.standin = standin
        self.with_inbox = WithInbox(standin)
        self.gateway: Gateway = self.with_inbox
        self.delivered = 0

    def now(self) -> datetime:
        return NOW

    async def pay(self, started: Snapshot, act: Act) -> None:
        outcome = {Act.SUCCEED: "authorise", Act.SUCCEED_LATER: "pending", Act.DECLINE: "refuse"}
        session = SessionRef.parse(started.processor_ref)
        assert session is not None
        result = self.standin.pay(session.session_id, outcome=outcome[act])
        await self.with_inbox.back_from_drop_in(started, result)

    async def set_up(self, setup_ref: str, act: Act) -> None:
        assert act is Act.SUCCEED
        self.standin.pay(setup_ref, outcome="authorise")

    async def settle(self) -> None:
        self.standin.settle()

    async def webhooks(self) -> list[Inbound]:
        fresh, self.delivered = self.standin.sent[self.delivered :], len(self.standin.sent)
        assert fresh, "no webhook was sent"
        return fresh

    async def charges(self, payment_id: str) -> int:
        return sum(
            held["reference"].partition(".")[0] == payment_id and held["state"] == "captured"
            for held in self.standin.payments.values()
        )

    async def lose_next_answer(self, what: str) -> None:
        self.standin.lose.add({"start": "sessions", "refund": "refunds"}[what])

    async def dispute(self, captured: Snapshot) -> None:
        ref = captured.processor_ref
        self.standin.event("CHARGEBACK", ref, to_adyen(captured.amount), pspReference=f"D{ref[1:]}")

    async def close_dispute(self, captured: Snapshot, *, won: bool) -> None:
        ref, code = captured.processor_ref, "CHARGEBACK_REVERSED" if won else "SECOND_CHARGEBACK"
        self.standin.event(code, ref, to_adyen(captured.amount), pspReference=f"D{ref[1:]}")

    def unreachable(self) -> Gateway:
        return AdyenGateway(credentials(), api_url="http://127.0.0.1:1", timeout_s=2)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    path = contract_path(CHECKOUT)
    standin = AdyenStandIn(Description(path).check if path else None)
    made = AdyenBench(standin)
    try:
        yield made
    finally:
        await made.gateway.close()
        standin.stop()
