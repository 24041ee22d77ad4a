"""The gateway port on the embedded processor (infra/adapters/sandbox_server), over HTTP."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from infra.adapters.wire import NoAnswer, Wire, WireAnswer
from infra.kernel.clock import epoch_s
from infra.kernel.db import refuse_inside_transaction
from infra.kernel.errors import Invalid, Unavailable
from infra.kernel.money import Money
from paywall.payments.port import (
    BadSignature,
    Change,
    Decline,
    DisputeChanged,
    DisputeStanding,
    GatewayRefused,
    Inbound,
    InboxItem,
    MandateChanged,
    MandateSnapshot,
    Means,
    NextStep,
    NoStep,
    OutcomeUnknown,
    PaymentChanged,
    Redirect,
    RefundChanged,
    RefundSnapshot,
    RefundStanding,
    Snapshot,
    Standing,
    StartMandate,
    StartPayment,
    StartRefund,
    card_end,
)

TOLERANCE_S = 300  # Standard Webhooks' recommendation, either way
_STANDINGS = {
    "open": Standing.PENDING,
    "challenge": Standing.PENDING,
    "processing": Standing.PENDING,
    "authorised": Standing.AUTHORISED,
    "captured": Standing.CAPTURED,
    "failed": Standing.FAILED,
    "cancelled": Standing.CANCELLED,
}
_DISPUTES = {
    "open": DisputeStanding.OPEN,
    "won": DisputeStanding.WON,
    "lost": DisputeStanding.LOST,
}
# Of several payments under one reference, the one that moved money furthest is the truth.
_RANK = ("captured", "authorised", "processing", "challenge", "open", "failed", "cancelled")


class SandboxCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant of the sandbox. The merchant chooses both secrets and registers them."""

    secret_key: str  # sk_test_sandbox_...
    webhook_secret: str  # whsec_ and base64

    def check(self) -> None:
        """Raise Invalid for credentials that can't be right, naming the field."""
        if not self.secret_key.startswith("sk_test_sandbox_"):
            raise Invalid("secret_key", "A key of the sandbox begins with sk_test_sandbox_.")
        try:
            base64.b64decode(self.webhook_secret.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise Invalid("webhook_secret", "Put whsec_ and base64, as registered.") from error


class SandboxGateway:
    """One merchant at the sandbox. `wire` is shared and stays its giver's to close."""

    name = "sandbox"
    test = True
    key_life = timedelta(hours=24)
    can_read_by_reference = True
    abandoned_after: timedelta | None = None

    def __init__(
        self,
        wire: Wire,
        url: str,
        credentials: SandboxCredentials,
        *,
        timeout_s: float = 10,
    ) -> None:
        self._wire = wire
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._headers = {"authorization": f"Bearer {credentials.secret_key}"}
        self._webhook_key = base64.b64decode(credentials.webhook_secret.removeprefix("whsec_"))
        self._timeout_s = timeout_s

    async def announce(self, *, name: str, webhook_url: str) -> None:
        """Make the sandbox know this merchant and where its webhooks go."""
        try:
            await register(
                self._wire, self._url, self._credentials, name=name, webhook_url=webhook_url
            )
        except NoAnswer as error:
            raise Unavailable("The sandbox does not answer. Start it, then try again.") from error

    async def start(self, intent: StartPayment) -> Snapshot:
        body: dict[str, Any] = {
            "reference": intent.payment_id,
            "amount": intent.amount.minor,
            "currency": intent.amount.currency,
            "description": intent.description[:200],
            "return_url": intent.return_url,
            "locale": intent.locale,
            "customer": intent.customer_ref,
            "mandate": intent.mandate_ref,
            "save": intent.save_for_later,
            "capture_later": intent.capture_later,
        }
        card = intent.metadata.get("sandbox_card")
        if card:
            body["payment_method"] = {"card": card}
        return self._snapshot(await self._post("/v1/payments", body, key=intent.payment_id))

    async def read(self, *, processor_ref: str, payment_id: str, hint: str = "") -> Snapshot | None:
        if processor_ref:
            found = await self._get(f"/v1/payments/{processor_ref}", {})
            return None if found is None else self._snapshot(found)
        found = await self._get("/v1/payments", {"reference": payment_id})
        rows = sorted((found or {})["payments"], key=lambda row: _RANK.index(row["state"]))
        return self._snapshot(rows[0]) if rows else None

    async def capture(self, *, processor_ref: str, payment_id: str, amount: Money) -> Snapshot:
        path = f"/v1/payments/{processor_ref}/capture"
        key = f"{payment_id}-capture"
        return self._snapshot(await self._post(path, {"amount": amount.minor}, key=key))

    async def cancel(self, *, processor_ref: str, payment_id: str) -> Snapshot:
        path = f"/v1/payments/{processor_ref}/cancel"
        return self._snapshot(await self._post(path, {}, key=f"{payment_id}-cancel"))

    async def refund(self, intent: StartRefund) -> RefundSnapshot:
        body = {
            "payment": intent.processor_ref,
            "reference": intent.refund_id,
            "amount": intent.amount.minor,
            "reason": intent.reason[:200],
        }
        return _refund(await self._post("/v1/refunds", body, key=intent.refund_id))

    async def read_refund(
        self, *, processor_ref: str, refund_id: str, payment_ref: str
    ) -> RefundSnapshot | None:
        asked = {"id": processor_ref} if processor_ref else {"reference": refund_id}
        rows = (await self._get("/v1/refunds", asked) or {})["refunds"]
        return _refund(rows[0]) if rows else None

    async def set_up(self, intent: StartMandate) -> MandateSnapshot:
        body = {
            "reference": intent.mandate_id,
            "return_url": intent.return_url,
            "currency": intent.currency,
            "locale": intent.locale,
            "customer": intent.customer_ref,
        }
        return self._mandate(await self._post("/v1/mandates", body, key=intent.mandate_id))

    async def read_mandate(self, *, setup_ref: str, mandate_id: str) -> MandateSnapshot | None:
        asked = {"id": setup_ref} if setup_ref else {"reference": mandate_id}
        rows = (await self._get("/v1/mandates", asked) or {})["mandates"]
        return self._mandate(rows[0]) if rows else None

    def verify(self, inbound: Inbound, now: datetime) -> list[InboxItem]:
        """Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, five minutes either way."""
        event_id = inbound.headers.get("webhook-id", "")
        stamp = inbound.headers.get("webhook-timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise BadSignature("The webhook carries no usable webhook-timestamp.")
        if abs(int(stamp) - epoch_s(now)) > TOLERANCE_S:
            raise BadSignature("The webhook's timestamp is more than five minutes away.")
        signed = f"{event_id}.{stamp}.".encode() + inbound.body
        right = hmac.new(self._webhook_key, signed, hashlib.sha256).digest()
        given = inbound.headers.get("webhook-signature", "").split(" ")
        ours = b"v1," + base64.b64encode(right)
        if not any(hmac.compare_digest(ours, one.encode()) for one in given):
            raise BadSignature("The webhook is not signed with this account's secret.")
        told = msgspec.json.decode(inbound.body)
        return [InboxItem(natural_key=event_id, kind=told["type"], payload=told["data"])]

    def interpret(self, item: InboxItem) -> list[Change]:
        """The item's own snapshot may be old by now; the reader of it merges by progress."""
        subject, _, _ = item.kind.partition(".")
        data = item.payload
        if subject == "payment":
            shot = self._snapshot(data)
            return [
                PaymentChanged(
                    processor_ref=shot.processor_ref, payment_id=shot.payment_id, snapshot=shot
                )
            ]
        if subject == "refund":
            refund = _refund(data)
            return [
                RefundChanged(
                    refund_id=refund.refund_id,
                    processor_ref=refund.processor_ref,
                    snapshot=refund,
                    payment_ref=data["payment"],
                    payment_id=data["payment_reference"],
                )
            ]
        if subject == "dispute":
            return [_dispute(data)]
        if subject == "mandate":
            made = self._mandate(data)
            return [
                MandateChanged(mandate_id=made.mandate_id, setup_ref=made.setup_ref, snapshot=made)
            ]
        return []

    async def close(self) -> None:
        """Nothing of its own to close: the client was given."""

    # The wire

    async def _post(self, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        headers = {"idempotency-key": key, "content-type": "application/json"}
        answer = await self._send("POST", path, body=msgspec.json.encode(body), headers=headers)
        if answer.status >= 400:
            error = _error(answer)
            raise GatewayRefused(error, decline=None)
        return _json(answer)

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        answer = await self._send("GET", path, query=query, headers={})
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise GatewayRefused(_error(answer))
        return _json(answer)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> WireAnswer:
        """One request. Anything that is not a plain answer leaves the outcome unknown."""
        refuse_inside_transaction(f"sandbox {method} {path}")
        try:
            answer = await self._wire.send(
                method,
                self._url + path,
                headers=self._headers | headers,
                body=body,
                query=query,
                timeout_s=self._timeout_s,
            )
        except NoAnswer as error:
            raise OutcomeUnknown(f"sandbox: {error}") from error
        if answer.status >= 500 or answer.status == 429:
            raise OutcomeUnknown(f"sandbox: HTTP {answer.status}")
        return answer

    # Their words into ours

    def _snapshot(self, row: dict[str, Any]) -> Snapshot:
        currency = row["currency"]
        waiting: NextStep = NoStep()
        if row["state"] in ("open", "challenge"):
            waiting = Redirect(self._url + row["page"])
        return Snapshot(
            processor_ref=row["id"],
            payment_id=row["reference"],
            standing=_STANDINGS[row["state"]],
            amount=Money(row["amount"], currency),
            captured=Money(row["captured"], currency),
            refunded=Money(row["refunded"], currency),
            fee=None if row["fee"] is None else Money(row["fee"], currency),
            decline=Decline(row["decline"]) if row["decline"] else None,
            method=row["method"],
            means=_means(row),
            customer_ref=row["customer"],
            mandate_ref=row["mandate"],
            next=waiting,
        )

    def _mandate(self, row: dict[str, Any]) -> MandateSnapshot:
        ready = row["state"] == "ready"
        return MandateSnapshot(
            mandate_id=row["reference"],
            setup_ref=row["id"],
            mandate_ref=row["id"] if ready else "",
            customer_ref=row["customer"],
            ready=ready,
            decline=Decline(row["decline"]) if row["decline"] else None,
            next=Redirect(self._url + row["page"]) if row["state"] == "open" else NoStep(),
        )


def _means(row: dict[str, Any]) -> Means:
    """All its cards are Visa's; `expires` is such as 2031-04, empty until somebody has paid."""
    year, _, month = row["expires"].partition("-")
    if not row["method"]:
        return Means()
    ends = card_end(int(year), int(month)) if year and month else None
    return Means(kind="card", brand="visa", expires_at=ends)


def _refund(row: dict[str, Any]) -> RefundSnapshot:
    return RefundSnapshot(
        processor_ref=row["id"],
        refund_id=row["reference"],
        standing=RefundStanding(row["state"]),
        amount=Money(row["amount"], row["currency"]),
    )


def _dispute(row: dict[str, Any]) -> DisputeChanged:
    return DisputeChanged(
        dispute_ref=row["id"],
        payment_ref=row["payment"],
        payment_id=row["payment_reference"],
        standing=_DISPUTES[row["state"]],
        amount=Money(row["amount"], row["currency"]),
        reason=row["reason"],
        fee=Money(row["fee"], row["currency"]),
        evidence_due_at=datetime.fromtimestamp(row["evidence_due_at"], UTC),
    )


def _json(answer: WireAnswer) -> dict[str, Any]:
    """The answer's object; an answer cut short or garbled leaves the outcome unknown."""
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise OutcomeUnknown("sandbox: unreadable answer") from error


def _error(answer: WireAnswer) -> str:
    error = _json(answer).get("error", {})
    return f"{error.get('code', answer.status)}: {error.get('message', '')}"


async def register(
    wire: Wire,
    url: str,
    credentials: SandboxCredentials,
    *,
    name: str,
    webhook_url: str,
) -> None:
    """Make the sandbox know a merchant, or change its name and webhook address. Repeatable.

    Raises NoAnswer when the sandbox is not there or can't.
    """
    refuse_inside_transaction("sandbox register")
    about = {
        "name": name,
        "webhook_url": webhook_url,
        "webhook_secret": credentials.webhook_secret,
    }
    answer = await wire.send(
        "PUT",
        url.rstrip("/") + "/v1/merchant",
        headers={
            "authorization": f"Bearer {credentials.secret_key}",
            "content-type": "application/json",
        },
        body=msgspec.json.encode(about),
    )
    if answer.status >= 400:
        raise NoAnswer(f"HTTP {answer.status}")
