"""The adapter against canned answers: what it sends, and what it makes of refusals and silence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe
from aiohttp import web

from infra.adapters.stripe import API_VERSION, StripeCredentials, StripeGateway
from infra.kernel.errors import Invalid
from paywall.payments.port import Decline, GatewayRefused, OutcomeUnknown, Standing
from tests.adapters.stripe_examples import example
from tests.conformance.gateway_bench import mandate, payment

CREDENTIALS = StripeCredentials(
    secret_key="sk_test_secret", publishable_key="pk_test_x", webhook_secrets=("whsec_x",)
)
SILENCE = object()


class Canned:
    """A server that gives the answers it was told to, in order, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self._hung_up = asyncio.Event()

    def say(self, status: int, body: Any, **headers: str) -> None:
        self.answers.append((status, body, headers))

    def refuse(self, status: int, **error: str) -> None:
        self.say(status, {"error": error})

    async def handle(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode()))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((f"{request.method} {request.path}", headers, form))
        answer = self.answers.pop(0)
        if answer is SILENCE:
            await self._hung_up.wait()
            return web.Response()
        status, body, extra = answer
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=extra)

    def hang_up(self) -> None:
        self._hung_up.set()


@pytest.fixture
async def canned() -> AsyncIterator[tuple[Canned, StripeGateway]]:
    server = Canned()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    gateway = StripeGateway(CREDENTIALS, api_base=f"http://{host}:{port}", timeout_s=0.5)
    yield server, gateway
    await gateway.close()
    server.hang_up()
    await runner.cleanup()


Pair = tuple[Canned, StripeGateway]


def intent(**changes: Any) -> dict[str, Any]:
    return example("payment_intent", last_payment_error=None, **changes)


# Credentials


def test_the_mode_is_that_of_the_secret_key() -> None:
    assert CREDENTIALS.check() is True
    live = StripeCredentials(
        secret_key="rk_live_1", publishable_key="pk_live_1", webhook_secrets=("whsec_1",)
    )
    assert live.check() is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_key", "pk_test_x"),
        ("secret_key", ""),
        ("publishable_key", "pk_live_x"),
        ("webhook_secrets", ()),
        ("webhook_secrets", ("we_1",)),
    ],
)
def test_credentials_that_cannot_be_right_name_their_field(field: str, value: Any) -> None:
    given = {
        "secret_key": "sk_test_secret",
        "publishable_key": "pk_test_x",
        "webhook_secrets": ("whsec_x",),
    }
    with pytest.raises(Invalid) as raised:
        StripeGateway(StripeCredentials(**(given | {field: value})))
    assert raised.value.field == field


def test_live_keys_are_sent_to_stripe_and_nowhere_else() -> None:
    live = StripeCredentials(
        secret_key="sk_live_1", publishable_key="pk_live_1", webhook_secrets=("whsec_1",)
    )
    with pytest.raises(AssertionError):
        StripeGateway(live, api_base="http://127.0.0.1:9")


def test_no_secret_shows_in_a_log() -> None:
    for shown in (repr(CREDENTIALS), str(CREDENTIALS), f"{CREDENTIALS}"):
        assert "secret" not in shown.replace("StripeCredentials", "")
        assert "whsec" not in shown


def test_the_pinned_version_is_the_one_that_the_installed_library_describes() -> None:
    assert stripe.api_version == API_VERSION


# What is sent


async def test_a_payment_is_asked_for_with_our_id_as_key_and_reference(canned: Pair) -> None:
    server, gateway = canned
    asked = payment(metadata={"order_id": "ord_1", "payment_id": "somebody else's"})
    server.say(200, intent(metadata={"payment_id": asked.payment_id}))
    started = await gateway.start(asked)
    assert started.payment_id == asked.payment_id
    [(line, headers, form)] = server.asked
    assert line == "POST /v1/payment_intents"
    assert headers["idempotency-key"] == asked.payment_id
    assert headers["stripe-version"] == API_VERSION
    assert headers["authorization"] == "Bearer sk_test_secret"
    assert form == {
        "amount": "1299",
        "currency": "eur",
        "description": "Maud & the Tides, live",
        "capture_method": "automatic_async",
        "automatic_payment_methods[enabled]": "true",
        "metadata[order_id]": "ord_1",
        "metadata[payment_id]": asked.payment_id,
        "expand[0]": "latest_charge.balance_transaction",
    }


async def test_a_mandate_is_charged_at_once_with_the_payer_absent(canned: Pair) -> None:
    server, gateway = canned
    server.say(200, intent())
    await gateway.start(payment(mandate_ref="pm_1", customer_ref="cus_1", capture_later=True))
    [(_, _, form)] = server.asked
    assert form["payment_method"] == "pm_1"
    assert form["customer"] == "cus_1"
    assert (form["confirm"], form["off_session"]) == ("true", "true")
    assert form["capture_method"] == "manual"


async def test_a_method_kept_for_later_hangs_on_a_customer_made_under_its_own_key(
    canned: Pair,
) -> None:
    server, gateway = canned
    server.say(200, example("customer", id="cus_1"))
    server.say(200, intent())
    asked = payment(save_for_later=True)
    await gateway.start(asked)
    made, started = server.asked
    assert made[0] == "POST /v1/customers"
    assert made[1]["idempotency-key"] == f"{asked.payment_id}-customer"
    assert made[2]["email"] == "ada@example.com"
    assert started[2]["customer"] == "cus_1"
    assert started[2]["setup_future_usage"] == "off_session"


async def test_a_replayed_answer_is_as_old_as_its_key_so_the_payment_is_read(
    canned: Pair,
) -> None:
    server, gateway = canned
    server.say(200, intent(id="pi_1"), **{"Idempotent-Replayed": "true"})
    server.say(200, intent(id="pi_1", status="succeeded", amount_received=1099))
    assert (await gateway.start(payment())).standing is Standing.CAPTURED
    assert server.asked[1][0] == "GET /v1/payment_intents/pi_1"


async def test_an_amount_that_stripe_cannot_take_is_refused_unsent(canned: Pair) -> None:
    server, gateway = canned
    with pytest.raises(GatewayRefused):
        await gateway.start(payment("KWD", 5124))
    assert not server.asked


# What refusals and silence mean


async def test_a_declined_card_is_refused_with_the_reason(canned: Pair) -> None:
    server, gateway = canned
    server.refuse(
        402,
        type="card_error",
        code="authentication_required",
        decline_code="authentication_required",
        message="The card was declined.",
    )
    with pytest.raises(GatewayRefused) as raised:
        await gateway.start(payment(mandate_ref="pm_1", customer_ref="cus_1"))
    assert raised.value.decline is Decline.AUTHENTICATION_FAILED


async def test_a_decline_without_a_readable_reason_is_still_refused(canned: Pair) -> None:
    server, gateway = canned
    server.say(402, {"error": {"type": "card_error", "decline_code": 5}})
    with pytest.raises(GatewayRefused) as raised:
        await gateway.start(payment(mandate_ref="pm_1", customer_ref="cus_1"))
    assert raised.value.decline is Decline.OTHER


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}),
        (401, {"type": "invalid_request_error"}),
        (403, {"type": "invalid_request_error"}),
        (404, {"type": "invalid_request_error", "code": "resource_missing"}),
    ],
)
async def test_a_request_that_stripe_did_not_take_up_is_refused(
    canned: Pair, status: int, error: dict[str, str]
) -> None:
    server, gateway = canned
    server.refuse(status, message="No.", **error)
    with pytest.raises(GatewayRefused, match=r"No\."):
        await gateway.start(payment())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"type": "idempotency_error", "message": "Other parameters."}}),
        (409, {"error": {"type": "invalid_request_error", "code": "idempotency_key_in_use"}}),
        (429, {"error": {"type": "invalid_request_error", "code": "lock_timeout"}}),
        (500, {"error": {"type": "api_error"}}),
        (502, "<html>Bad gateway</html>"),
        (200, "<html>A captive portal</html>"),
        (200, {"object": "payment_intent", "id": "pi_1"}),
    ],
)
async def test_an_answer_that_settles_nothing_leaves_the_outcome_unknown(
    canned: Pair, status: int, body: Any
) -> None:
    server, gateway = canned
    server.say(status, body)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(payment())
    assert len(server.asked) == 1, "the reconciler retries, not the adapter"


async def test_silence_is_unknown_after_the_time_limit(canned: Pair) -> None:
    server, gateway = canned
    server.answers.append(SILENCE)
    with pytest.raises(OutcomeUnknown):
        await gateway.start(payment())


async def test_only_what_is_missing_reads_as_none(canned: Pair) -> None:
    server, gateway = canned
    missing = {"type": "invalid_request_error", "code": "resource_missing"}
    server.refuse(404, **missing)
    assert await gateway.read(processor_ref="pi_1", payment_id="pay_1") is None
    server.refuse(404, **missing)
    none = await gateway.read_refund(processor_ref="re_1", refund_id="ref_1", payment_ref="pi_1")
    assert none is None
    server.refuse(404, **missing)
    assert await gateway.read_mandate(setup_ref="seti_1", mandate_id="mdt_1") is None
    server.refuse(401, type="invalid_request_error", message="Invalid API key")
    with pytest.raises(GatewayRefused):
        await gateway.read(processor_ref="pi_1", payment_id="pay_1")


async def test_an_account_without_search_knows_nothing_by_reference(canned: Pair) -> None:
    server, gateway = canned
    server.refuse(400, type="invalid_request_error", message="Search is not available.")
    assert await gateway.read(processor_ref="", payment_id="pay_1") is None
    assert server.asked[0][0] == "GET /v1/payment_intents/search"


async def test_a_mandate_is_asked_for_with_our_id(canned: Pair) -> None:
    server, gateway = canned
    asked = mandate()
    server.say(200, example("customer", id="cus_1"))
    server.say(200, example("setup_intent", customer="cus_1", last_setup_error=None))
    await gateway.set_up(asked)
    _, (line, headers, form) = server.asked
    assert (line, headers["idempotency-key"]) == ("POST /v1/setup_intents", asked.mandate_id)
    assert form["usage"] == "off_session"
    assert form["metadata[mandate_id]"] == asked.mandate_id
