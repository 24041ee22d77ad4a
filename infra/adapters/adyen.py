"""Adyen as a payment gateway: Checkout API v71, Sessions for Drop-in, standard webhooks.

A payment begins as a session; the payer pays in Drop-in, which also carries 3-D Secure out. Each
try is a payment of Adyen's with its own pspReference. Adyen cannot be asked about a payment by
any reference: webhooks tell what happened, and for a while `GET /sessions` does, when the page
was handed a sessionResult (`adyen_words.with_session_result`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from infra.adapters import adyen_webhooks
from infra.adapters.adyen_http import AdyenCalls
from infra.adapters.adyen_words import (
    RESULT_STANDINGS,
    SESSION_STANDINGS,
    Reference,
    SessionRef,
    decline_of,
    from_adyen,
    means_of,
    to_adyen,
    with_session_result,
)
from infra.kernel.db import refuse_inside_transaction
from infra.kernel.money import Money
from paywall.payments.port import (
    Change,
    Element,
    GatewayRefused,
    Inbound,
    InboxItem,
    MandateSnapshot,
    NextStep,
    NoStep,
    OutcomeUnknown,
    RefundSnapshot,
    RefundStanding,
    Snapshot,
    Standing,
    StartMandate,
    StartPayment,
    StartRefund,
)

# Adyen's page on API idempotency has named several minimum lives over the years (31 days in a
# stored copy without a date); we count on no more than a week.
# https://docs.adyen.com/development-resources/api-idempotency (read 2026-11-22).
KEY_LIFE = timedelta(days=7)
# "expiresAt: the session expires; default one hour after creation" (Checkout v71,
# CreateCheckoutSessionRequest, read 2026-11-22), and what was begun just before may finish.
SESSION_LIFE = timedelta(hours=1, minutes=15)
_MAX_KEY = 64  # "maximum of 64 characters", same page and Checkout v71

# Charges of varying amounts at no fixed interval: presales as well as renewals may use the token.
_RECURRING_MODEL = "UnscheduledCardOnFile"


class AdyenCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant account at Adyen. `hmac_keys` are hex, newest first; keep the old one while
    a new one spreads. `live_prefix` is only for live mode, where it is required.

    `environment` is what Drop-in wants: test, or live, live-au, live-us, live-apse, live-in.
    """

    merchant_account: str
    api_key: str
    client_key: str
    hmac_keys: tuple[str, ...]
    webhook_user: str
    webhook_password: str
    environment: str = "test"
    live_prefix: str = ""

    def __repr__(self) -> str:  # the rest are secrets
        return f"AdyenCredentials(merchant_account={self.merchant_account!r}, ...)"

    @property
    def live(self) -> bool:
        return self.environment != "test"

    def fault(self) -> str:
        """What is wrong with these credentials, in a sentence without secrets; empty if nothing."""
        for name in ("merchant_account", "api_key", "webhook_user", "webhook_password"):
            if not getattr(self, name):
                return f"{name} is missing."
        if self.environment not in ("test", "live", "live-au", "live-us", "live-apse", "live-in"):
            return "environment is none of test, live, live-au, live-us, live-apse, live-in."
        if self.live and not self.live_prefix.replace("-", "").isalnum():
            return "live_prefix is missing: Adyen's Customer Area shows it under API URLs."
        if not self.live and self.live_prefix:
            return "live_prefix belongs to live mode only."
        # Client keys say which environment they are of; API keys don't.
        if not self.client_key.startswith("live_" if self.live else "test_"):
            return "client_key is of the other environment (test_... or live_...)."
        if not self.hmac_keys or not all(_is_hmac_key(key) for key in self.hmac_keys):
            return "hmac_keys are not hexadecimal, as Adyen's Customer Area shows them."
        return ""


def _is_hmac_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= 16
    except ValueError:
        return False


class AdyenGateway:
    """Gateway of one merchant account. `api_url` is for stand-ins only; live mode refuses it.

    ValueError for credentials that can't be right, naming the field.
    """

    name = "adyen"
    key_life = KEY_LIFE
    can_read_by_reference = False
    abandoned_after: timedelta | None = SESSION_LIFE

    def __init__(
        self,
        credentials: AdyenCredentials,
        *,
        timeout_s: int = 20,
        at_once: int = 16,
        api_url: str = "",
    ) -> None:
        fault = credentials.fault()
        if not fault and api_url and credentials.live:
            fault = "live mode talks to Adyen only."
        if fault:
            raise ValueError(fault)
        self.test = not credentials.live
        self._credentials = credentials
        self._calls = AdyenCalls(
            api_key=credentials.api_key,
            live_prefix=credentials.live_prefix,
            api_url=api_url,
            timeout_s=timeout_s,
            at_once=at_once,
        )
        self._webhook_keys = adyen_webhooks.WebhookKeys(
            credentials.merchant_account,
            credentials.webhook_user,
            credentials.webhook_password,
            tuple(bytes.fromhex(key) for key in credentials.hmac_keys),
            credentials.live,
        )

    async def start(self, intent: StartPayment) -> Snapshot:
        """A session for Drop-in, or with `mandate_ref` a charge of the stored card."""
        refuse_inside_transaction("adyen.start")
        if intent.mandate_ref:
            return await self._charge(intent)
        reference = Reference(intent.payment_id, capture_later=intent.capture_later)
        request = self._request(intent, reference, intent.amount) | _capture(intent)
        if intent.metadata:
            request["metadata"] = _metadata(intent.metadata)
        if intent.save_for_later:
            request |= _storing(intent.payment_id)
        answer = await self._session(request, intent.payment_id)
        ref = SessionRef(answer["id"], intent.amount, intent.capture_later)
        return _snapshot(
            str(ref),
            intent.payment_id,
            Standing.PENDING,
            intent.amount,
            customer_ref=intent.payment_id if intent.save_for_later else "",
            next=self._drop_in(answer),
        )

    async def _charge(self, intent: StartPayment) -> Snapshot:
        reference = Reference(intent.payment_id, intent.capture_later, payer_absent=True)
        request = self._request(intent, reference, intent.amount) | _capture(intent)
        request |= {
            "paymentMethod": {"type": "scheme", "storedPaymentMethodId": intent.mandate_ref},
            "shopperReference": intent.customer_ref,
            "shopperInteraction": "ContAuth",
            "recurringProcessingModel": _RECURRING_MODEL,
        }
        answer = await self._post(self._calls.api.payments_api.payments, request, intent.payment_id)
        code = answer.get("resultCode", "")
        standing = RESULT_STANDINGS.get(code)
        psp = answer.get("pspReference", "")
        decline = decline_of(code, answer.get("refusalReasonCode", ""))
        if decline and not psp:
            # It wants the payer's device or bank page; Adyen has made no payment of it yet.
            raise GatewayRefused(f"Adyen wants the payer to be present ({code}).", decline=decline)
        if standing is None or not psp:
            raise OutcomeUnknown(f"Adyen's result {code!r} is not one that we know.")
        if standing is Standing.AUTHORISED and not intent.capture_later:
            standing = Standing.CAPTURED
        return _snapshot(
            psp,
            intent.payment_id,
            standing,
            intent.amount,
            decline=decline,
            method=answer.get("paymentMethod", {}).get("brand", ""),
            means=means_of(answer.get("paymentMethod"), answer.get("additionalData")),
            customer_ref=intent.customer_ref,
            mandate_ref=intent.mandate_ref,
        )

    async def read(self, *, processor_ref: str, payment_id: str, hint: str = "") -> Snapshot | None:
        """What Adyen tells of a session, given its sessionResult (`hint`, or in `processor_ref`).

        Without one None, which is no news: only a webhook, a person or the session's end
        settles it.
        """
        refuse_inside_transaction("adyen.read")
        session = SessionRef.parse(with_session_result(processor_ref, hint))
        if session is None or not session.result:
            return None
        try:
            answer = await self._calls.call(
                self._calls.api.payments_api.get_result_of_payment_session,
                quote(session.session_id, safe=""),
                query_parameters={"sessionResult": quote(session.result, safe="")},
            )
        except GatewayRefused:
            return None  # a sessionResult that Adyen did not make
        status = answer.get("status", "")
        reference = Reference(payment_id, session.capture_later)
        if answer.get("reference", str(reference)) != str(reference):
            return None  # another payment's result was brought
        if status not in SESSION_STANDINGS:
            raise OutcomeUnknown(f"Adyen's session status {status!r} is not one that we know.")
        standing, decline = SESSION_STANDINGS[status]
        if standing is not Standing.AUTHORISED:
            kept = str(msgspec.structs.replace(session, result=""))
            return _snapshot(kept, payment_id, standing, session.amount, decline=decline)
        return _completed(session, payment_id, answer)

    async def capture(self, *, processor_ref: str, payment_id: str, amount: Money) -> Snapshot:
        """Asks for the capture; Adyen only says that it heard. The CAPTURE webhook says the rest.

        One capture a payment: what is left of the authorisation lapses.
        """
        refuse_inside_transaction("adyen.capture")
        psp = _paid_ref(processor_ref)
        request = {
            "merchantAccount": self._credentials.merchant_account,
            "amount": to_adyen(amount),
            "reference": str(Reference(payment_id, capture_later=True)),
        }
        method = self._calls.api.modifications_api.capture_authorised_payment
        await self._post(method, request, f"{payment_id}-capture-{amount.minor}", psp)
        return _snapshot(
            processor_ref,
            payment_id,
            Standing.AUTHORISED,
            amount,
            captured=Money.zero(amount.currency),
            amount_told=False,
        )

    async def cancel(self, *, processor_ref: str, payment_id: str) -> Snapshot:
        """Asks to release; CANCELLATION or TECHNICAL_CANCEL says whether it was.

        A session can't be closed (it ends an hour after its start): for one that nobody is known
        to have paid, what may have been authorised meanwhile is cancelled by our reference. The
        snapshot doesn't tell the amount where Adyen's references don't.
        """
        refuse_inside_transaction("adyen.cancel")
        request: dict[str, Any] = {"merchantAccount": self._credentials.merchant_account}
        modifications = self._calls.api.modifications_api
        key = f"{payment_id}-cancel"
        session = SessionRef.parse(processor_ref)
        if session is None:
            request["reference"] = str(Reference(payment_id, capture_later=True))
            method = modifications.cancel_authorised_payment_by_psp_reference
            await self._post(method, request, key, _paid_ref(processor_ref))
            amount, standing, told = Money.zero("XXX"), Standing.AUTHORISED, False
        else:
            request["paymentReference"] = str(Reference(payment_id, session.capture_later))
            await self._post(modifications.cancel_authorised_payment, request, key)
            amount, standing, told = session.amount, Standing.PENDING, True
        return _snapshot(
            processor_ref,
            payment_id,
            standing,
            amount,
            captured=Money.zero(amount.currency),
            amount_told=told,
        )

    async def refund(self, intent: StartRefund) -> RefundSnapshot:
        """Asks for the refund; always pending, the REFUND webhook says whether it is made."""
        refuse_inside_transaction("adyen.refund")
        request = {
            "merchantAccount": self._credentials.merchant_account,
            "amount": to_adyen(intent.amount),
            "reference": str(Reference(intent.refund_id)),
        }
        answer = await self._post(
            self._calls.api.modifications_api.refund_captured_payment,
            request,
            intent.refund_id,
            _paid_ref(intent.processor_ref),
        )
        return RefundSnapshot(
            processor_ref=answer.get("pspReference", ""),
            refund_id=intent.refund_id,
            standing=RefundStanding.PENDING,
            amount=intent.amount,
        )

    async def read_refund(
        self, *, processor_ref: str, refund_id: str, payment_ref: str
    ) -> RefundSnapshot | None:
        """None: Adyen can't be asked about a refund; its webhook tells."""
        return None

    async def set_up(self, intent: StartMandate) -> MandateSnapshot:
        """A session over nothing that stores the card.

        The shopper's reference at Adyen is the mandate's own id, not `customer_ref`: so that the
        one token found under it is certainly this mandate's.
        """
        refuse_inside_transaction("adyen.set_up")
        zero = Money.zero(intent.currency)
        request = self._request(intent, Reference(intent.mandate_id), zero)
        request |= _storing(intent.mandate_id)
        answer = await self._session(request, intent.mandate_id)
        return MandateSnapshot(
            mandate_id=intent.mandate_id,
            setup_ref=answer["id"],
            mandate_ref="",
            customer_ref=intent.mandate_id,
            ready=False,
            next=self._drop_in(answer),
        )

    async def read_mandate(self, *, setup_ref: str, mandate_id: str) -> MandateSnapshot | None:
        """The token stored under the mandate's id; not ready while there is none."""
        refuse_inside_transaction("adyen.read_mandate")
        answer = await self._calls.call(
            self._calls.api.recurring_api.get_tokens_for_stored_payment_details,
            query_parameters={
                "merchantAccount": quote(self._credentials.merchant_account, safe=""),
                "shopperReference": quote(mandate_id, safe=""),
            },
        )
        tokens = [one["id"] for one in answer.get("storedPaymentMethods", []) if one.get("id")]
        if not tokens and not setup_ref:
            return None
        return MandateSnapshot(
            mandate_id=mandate_id,
            setup_ref=setup_ref,
            mandate_ref=tokens[-1] if tokens else "",
            customer_ref=mandate_id,
            ready=bool(tokens),
        )

    def verify(self, inbound: Inbound, now: datetime) -> list[InboxItem]:
        """Adyen's signatures carry no time, so `now` is unused: repeats fall on the natural key."""
        return adyen_webhooks.verify(inbound, self._webhook_keys)

    def interpret(self, item: InboxItem) -> list[Change]:
        return adyen_webhooks.interpret(item)

    async def close(self) -> None:
        self._calls.close()

    def _request(
        self, intent: StartPayment | StartMandate, reference: Reference, amount: Money
    ) -> dict[str, Any]:
        """What sessions and payments have in common."""
        request: dict[str, Any] = {
            "merchantAccount": self._credentials.merchant_account,
            "amount": to_adyen(amount),
            "reference": str(reference),
            "returnUrl": intent.return_url,
            "shopperEmail": intent.email,
            "channel": "Web",
        }
        if intent.country:
            request["countryCode"] = intent.country
        locale = _locale(intent.locale, intent.country)
        return request | ({"shopperLocale": locale} if locale else {})

    async def _session(self, request: dict[str, Any], key: str) -> dict[str, Any]:
        answer = await self._post(self._calls.api.payments_api.sessions, request, key)
        if not answer.get("id") or not answer.get("sessionData"):
            raise OutcomeUnknown("Adyen's answer has no session in it.")
        return answer

    async def _post(
        self, method: Callable[..., Any], request: dict[str, Any], key: str, *path: str
    ) -> dict[str, Any]:
        assert len(key) <= _MAX_KEY, "an idempotency key has at most 64 characters at Adyen"
        return await self._calls.call(method, request, *path, idempotency_key=key)

    def _drop_in(self, session: dict[str, Any]) -> NextStep:
        return Element(
            gateway=self.name,
            params={
                "session_id": session["id"],
                "session_data": session["sessionData"],
                "client_key": self._credentials.client_key,
                "environment": self._credentials.environment,
            },
        )


def _snapshot(
    ref: str, payment_id: str, standing: Standing, amount: Money, **known: Any
) -> Snapshot:
    took = amount if standing is Standing.CAPTURED else Money.zero(amount.currency)
    fields: dict[str, Any] = {"captured": took, "refunded": Money.zero(amount.currency)} | known
    fields.setdefault("next", NoStep())
    return Snapshot(
        processor_ref=ref, payment_id=payment_id, standing=standing, amount=amount, **fields
    )


def _completed(session: SessionRef, payment_id: str, answer: dict[str, Any]) -> Snapshot | None:
    """A completed session's payment; None while Adyen lists none that is authorised."""
    for paid in answer.get("payments", []):
        if paid.get("resultCode") != "Authorised" or not paid.get("pspReference"):
            continue
        amount = from_adyen(paid["amount"]["currency"], paid["amount"]["value"])
        return _snapshot(
            paid["pspReference"],
            payment_id,
            Standing.AUTHORISED if session.capture_later else Standing.CAPTURED,
            amount,
            method=paid.get("paymentMethod", {}).get("brand", ""),
            means=means_of(paid.get("paymentMethod"), answer.get("additionalData")),
        )
    return None


def _paid_ref(processor_ref: str) -> str:
    """The pspReference to put into a path; GatewayRefused while only a session is known."""
    if not processor_ref.isalnum() or not processor_ref.isascii():
        raise GatewayRefused(
            "Adyen has told of no authorised payment yet: its AUTHORISATION webhook is missing."
        )
    return processor_ref


def _capture(intent: StartPayment) -> dict[str, Any]:
    """Said in each request, so that the merchant account's own capture delay does not matter.

    https://docs.adyen.com/online-payments/capture: captureDelayHours 0 captures at once,
    additionalData.manualCapture waits for us.
    """
    if intent.capture_later:
        return {"additionalData": {"manualCapture": "true"}}
    return {"captureDelayHours": 0}


def _storing(shopper_reference: str) -> dict[str, Any]:
    return {
        "shopperReference": shopper_reference,
        "shopperInteraction": "Ecommerce",
        "recurringProcessingModel": _RECURRING_MODEL,
        "storePaymentMethodMode": "enabled",
    }


def _metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Checkout v71: at most 20 pairs, keys of 20 characters, values of 80; the rest is cut."""
    return {key[:20]: value[:80] for key, value in list(metadata.items())[:20]}


def _locale(locale: str, country: str) -> str:
    """Adyen wants language and country (fr-FR); empty when there is no country to put."""
    language, _, region = locale.partition("-")
    region = region if len(region) == 2 else country
    return f"{language}-{region}" if region else ""
