"""Payments through Stripe: one merchant account behind the port, and nothing of Stripe past it.

PaymentIntents with the Payment Element in our page, SetupIntents for mandates, refunds; disputes,
refunds and late outcomes come by webhook. Idempotency keys are our own row ids. stripe-python is
used through its client object only: no module-level key, no retries of its own (the reconciler
owns them), an API version that we chose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import stripe
from stripe.params import (
    CustomerCreateParams,
    PaymentIntentCancelParams,
    PaymentIntentCaptureParams,
    PaymentIntentCreateParams,
    PaymentIntentRetrieveParams,
    PaymentIntentSearchParams,
    RefundCreateParams,
    RefundListParams,
    SetupIntentCreateParams,
    SetupIntentRetrieveParams,
)

from infra.adapters import stripe_webhooks
from infra.adapters.stripe_declines import StripeFailure, decline_of
from infra.adapters.stripe_http import BoundedClient
from infra.adapters.stripe_money import to_stripe
from infra.adapters.stripe_reading import (
    PaymentIntent,
    Refund,
    SetupIntent,
    Unreadable,
    mandate_snapshot_of,
    read_as,
    refund_snapshot_of,
    snapshot_of,
)
from infra.kernel.db import refuse_inside_transaction
from infra.kernel.errors import Invalid
from infra.kernel.money import Money
from paywall.payments.port import (
    Change,
    Gateway,
    GatewayRefused,
    Inbound,
    InboxItem,
    MandateSnapshot,
    OutcomeUnknown,
    RefundSnapshot,
    Snapshot,
    StartMandate,
    StartPayment,
    StartRefund,
)

API_VERSION = "2026-10-28.endive"
"""The version that stripe-python 16.1 describes; create the webhook endpoint with it too."""

# "Keys can be removed from the system automatically after they're at least 24 hours old":
# https://docs.stripe.com/api/idempotent_requests (read 2026-11-22).
KEY_LIFE = timedelta(hours=24)
API_BASE = "https://api.stripe.com"

_FEE = ["latest_charge.balance_transaction"]
_ATTEMPT = ["latest_attempt"]


class StripeCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue copies from its Stripe Dashboard. Never logged: the repr shows no secret."""

    secret_key: str  # sk_... or, better, a restricted key rk_...
    publishable_key: str  # pk_..., public
    webhook_secrets: tuple[str, ...]  # whsec_...; two while one is being rolled

    def __repr__(self) -> str:
        return f"StripeCredentials({self.publishable_key})"

    def check(self) -> bool:
        """Whether they are test credentials; raises Invalid for some that can't be right."""
        test = self.secret_key.startswith(("sk_test_", "rk_test_"))
        if not test and not self.secret_key.startswith(("sk_live_", "rk_live_")):
            raise Invalid("secret_key", "Paste a key that begins with sk_ or rk_.")
        if not self.publishable_key.startswith("pk_test_" if test else "pk_live_"):
            mode = "test" if test else "live"
            raise Invalid("publishable_key", f"Paste the pk_{mode}_ key of the same account.")
        if not self.webhook_secrets or not all(
            s.startswith("whsec_") for s in self.webhook_secrets
        ):
            raise Invalid("webhook_secrets", "Paste the endpoint's signing secret, whsec_...")
        return test


class StripeGateway(Gateway):
    """The port on one Stripe account.

    `can_read_by_reference` is False because only Stripe's search knows our ids, and search "is
    not for read-after-write flows": data is searchable in under a minute, up to an hour late
    during outages, never for merchants in India (https://docs.stripe.com/search, read
    2026-11-22). `read` without processor_ref still asks it: what it finds is true, None proves
    nothing.
    """

    name = "stripe"
    key_life = KEY_LIFE
    can_read_by_reference = False
    abandoned_after: timedelta | None = None

    def __init__(
        self,
        credentials: StripeCredentials,
        *,
        api_base: str = API_BASE,
        timeout_s: float = 20.0,
    ) -> None:
        self.test = credentials.check()
        assert self.test or api_base == API_BASE, "live keys are sent to Stripe and nowhere else"
        self._credentials = credentials
        self._http = BoundedClient(timeout_s)
        self._api = stripe.StripeClient(
            credentials.secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base},
            max_network_retries=0,
            http_client=self._http,
        ).v1

    async def start(self, intent: StartPayment) -> Snapshot:
        with _talking("start"):
            params = _payment_params(intent)
            customer = intent.customer_ref
            if intent.save_for_later and not customer:
                customer = await self._customer(intent.payment_id, intent.email, intent.locale)
            if customer:
                params["customer"] = customer
            answer = await self._api.payment_intents.create_async(
                params, {"idempotency_key": intent.payment_id}
            )
            if _replayed(answer):  # the stored answer is as old as the first request
                return await self._retrieve(answer.id)
            return self._snapshot(answer)

    async def read(self, *, processor_ref: str, payment_id: str, hint: str = "") -> Snapshot | None:
        with _talking("read"):
            if not processor_ref:
                processor_ref = await self._search(payment_id)
            if not processor_ref:
                return None
            try:
                return await self._retrieve(processor_ref)
            except stripe.InvalidRequestError as error:
                if _is_missing(error):
                    return None
                raise

    async def capture(self, *, processor_ref: str, payment_id: str, amount: Money) -> Snapshot:
        """No key of ours: an intent is captured once, and a key would replay an early refusal."""
        with _talking("capture"):
            params: PaymentIntentCaptureParams = {
                "amount_to_capture": to_stripe(amount),
                "expand": _FEE,
            }
            try:
                answer = await self._api.payment_intents.capture_async(processor_ref, params)
            except stripe.InvalidRequestError as error:
                return await self._already(error, processor_ref, "succeeded")
            return self._snapshot(answer)

    async def cancel(self, *, processor_ref: str, payment_id: str) -> Snapshot:
        """No key of ours, for the reason given at `capture`."""
        with _talking("cancel"):
            params: PaymentIntentCancelParams = {"expand": _FEE}
            try:
                answer = await self._api.payment_intents.cancel_async(processor_ref, params)
            except stripe.InvalidRequestError as error:
                return await self._already(error, processor_ref, "canceled")
            return self._snapshot(answer)

    async def refund(self, intent: StartRefund) -> RefundSnapshot:
        with _talking("refund"):
            # Stripe's own `reason` stays empty: "fraudulent" would put the card on block lists.
            params: RefundCreateParams = {
                "payment_intent": intent.processor_ref,
                "amount": to_stripe(intent.amount),
                "metadata": {
                    "refund_id": intent.refund_id,
                    "payment_id": intent.payment_id,
                    "reason": intent.reason[:500],
                },
            }
            answer = await self._api.refunds.create_async(
                params, {"idempotency_key": intent.refund_id}
            )
            if _replayed(answer):
                answer = await self._api.refunds.retrieve_async(answer.id)
            return refund_snapshot_of(read_as(Refund, answer.to_dict()))

    async def read_refund(
        self, *, processor_ref: str, refund_id: str, payment_ref: str
    ) -> RefundSnapshot | None:
        """By Stripe's id, else in the list of the payment's refunds, which is always current."""
        with _talking("read_refund"):
            if processor_ref:
                try:
                    answer = await self._api.refunds.retrieve_async(processor_ref)
                except stripe.InvalidRequestError as error:
                    if _is_missing(error):
                        return None
                    raise
                return refund_snapshot_of(read_as(Refund, answer.to_dict()))
            params: RefundListParams = {"payment_intent": payment_ref, "limit": 100}
            page = await self._api.refunds.list_async(params)
            async for made in page.auto_paging_iter():
                refund = read_as(Refund, made.to_dict())
                if (refund.metadata or {}).get("refund_id") == refund_id:
                    return refund_snapshot_of(refund)
            return None

    async def set_up(self, intent: StartMandate) -> MandateSnapshot:
        with _talking("set_up"):
            customer = intent.customer_ref or await self._customer(
                intent.mandate_id, intent.email, intent.locale
            )
            params: SetupIntentCreateParams = {
                "customer": customer,
                "usage": "off_session",
                "automatic_payment_methods": {"enabled": True},
                "metadata": {"mandate_id": intent.mandate_id},
                "expand": _ATTEMPT,
            }
            answer = await self._api.setup_intents.create_async(
                params, {"idempotency_key": intent.mandate_id}
            )
            if _replayed(answer):
                return await self._retrieve_setup(answer.id)
            return self._mandate(answer)

    async def read_mandate(self, *, setup_ref: str, mandate_id: str) -> MandateSnapshot | None:
        """By Stripe's id only: SetupIntents can't be searched, so else None proves nothing."""
        with _talking("read_mandate"):
            if not setup_ref:
                return None
            try:
                return await self._retrieve_setup(setup_ref)
            except stripe.InvalidRequestError as error:
                if _is_missing(error):
                    return None
                raise

    def verify(self, inbound: Inbound, now: datetime) -> list[InboxItem]:
        return [stripe_webhooks.verify(inbound, self._credentials.webhook_secrets, now)]

    def interpret(self, item: InboxItem) -> list[Change]:
        return stripe_webhooks.interpret(item, livemode=not self.test)

    async def close(self) -> None:
        await self._http.close_async()

    async def _retrieve(self, processor_ref: str) -> Snapshot:
        params: PaymentIntentRetrieveParams = {"expand": _FEE}
        return self._snapshot(await self._api.payment_intents.retrieve_async(processor_ref, params))

    async def _retrieve_setup(self, setup_ref: str) -> MandateSnapshot:
        params: SetupIntentRetrieveParams = {"expand": _ATTEMPT}
        return self._mandate(await self._api.setup_intents.retrieve_async(setup_ref, params))

    async def _search(self, payment_id: str) -> str:
        assert "'" not in payment_id, "ids of ours hold no quotes"
        assert "\\" not in payment_id
        params: PaymentIntentSearchParams = {
            "query": f"metadata['payment_id']:'{payment_id}'",
            "limit": 1,
        }
        try:
            found = await self._api.payment_intents.search_async(params)
        except stripe.InvalidRequestError:  # India: there is no search, so nothing is known
            return ""
        return found.data[0].id if found.data else ""

    async def _customer(self, owner_id: str, email: str, locale: str) -> str:
        """The payer at Stripe; a method kept for later hangs on one. Keyed by what needs it."""
        params: CustomerCreateParams = {
            "email": email,
            "preferred_locales": [locale],
            "metadata": {"made_for": owner_id},
        }
        answer = await self._api.customers.create_async(
            params, {"idempotency_key": f"{owner_id}-customer"}
        )
        return answer.id

    async def _already(
        self, error: stripe.InvalidRequestError, processor_ref: str, wanted: str
    ) -> Snapshot:
        """The intent as it is, when what was asked had been done before; else the refusal."""
        if error.code == "payment_intent_unexpected_state":
            params: PaymentIntentRetrieveParams = {"expand": _FEE}
            answer = await self._api.payment_intents.retrieve_async(processor_ref, params)
            if answer.status == wanted:
                return self._snapshot(answer)
        raise error

    def _snapshot(self, answer: stripe.PaymentIntent) -> Snapshot:
        intent = read_as(PaymentIntent, answer.to_dict())
        return snapshot_of(intent, self._credentials.publishable_key)

    def _mandate(self, answer: stripe.SetupIntent) -> MandateSnapshot:
        setup = read_as(SetupIntent, answer.to_dict())
        return mandate_snapshot_of(setup, self._credentials.publishable_key)


def _payment_params(intent: StartPayment) -> PaymentIntentCreateParams:
    """The same intent gives the same parameters, or Stripe refuses the key's second use.

    No receipt_email: Stripe would send a receipt of its own beside ours. return_url belongs to
    the confirmation, which else the Payment Element makes in the browser.
    """
    params: PaymentIntentCreateParams = {
        "amount": to_stripe(intent.amount),
        "currency": intent.amount.currency.lower(),
        "description": intent.description[:1000],
        "capture_method": "manual" if intent.capture_later else "automatic_async",
        # Limits: https://docs.stripe.com/metadata (read 2026-11-22).
        "metadata": {
            **{key[:40]: value[:500] for key, value in intent.metadata.items()},
            "payment_id": intent.payment_id,
        },
        "automatic_payment_methods": {"enabled": True},
        "expand": _FEE,
    }
    if intent.mandate_ref:
        params["payment_method"] = intent.mandate_ref
        params["confirm"] = True
        params["off_session"] = True
        # Asked for with automatic methods, though nobody is there to be sent anywhere.
        params["return_url"] = intent.return_url
    elif intent.save_for_later:
        params["setup_future_usage"] = "off_session"
    return params


def _replayed(answer: stripe.StripeObject) -> bool:
    """Stripe marks what it answers from a key's store: https://docs.stripe.com/error-low-level."""
    response = answer.last_response
    return response is not None and response.headers.get("idempotent-replayed") == "true"


def _is_missing(error: stripe.InvalidRequestError) -> bool:
    return error.code == "resource_missing"


@contextmanager
def _talking(what: str) -> Iterator[None]:
    """One conversation with Stripe: outside any transaction, its errors in the port's words.

    A key that was used with other parameters (IdempotencyError) is unknown, not refused: the
    earlier request with our id may well have been carried out.
    """
    refuse_inside_transaction(f"stripe.{what}")
    try:
        yield
    except stripe.CardError as error:
        raise GatewayRefused(str(error), decline=decline_of(_failure(error))) from error
    except (
        stripe.InvalidRequestError,
        stripe.AuthenticationError,
        stripe.PermissionError,
    ) as error:
        raise GatewayRefused(str(error)) from error
    except (stripe.StripeError, Unreadable) as error:
        raise OutcomeUnknown(str(error)) from error


def _failure(error: stripe.CardError) -> StripeFailure:
    """The reason in the body; an empty one if it can't be read, for the refusal is certain."""
    body: Any = error.json_body
    try:
        return read_as(StripeFailure, body["error"])
    except Unreadable:
        return StripeFailure()
