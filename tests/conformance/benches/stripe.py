"""Stripe's bench: our adapter, the proxy, and a localstripe process shared by one test run."""

from __future__ import annotations

import asyncio
import atexit
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache

import httpx

from infra.adapters.stripe import StripeCredentials, StripeGateway
from infra.kernel.clock import SystemClock
from paywall.payments.port import Gateway, Inbound, Snapshot
from tests.conformance.gateway_bench import Act, Can
from tests.conformance.stripe_proxy import StripeProxy

CREDENTIALS = StripeCredentials(
    secret_key="sk_test_conformance",
    publishable_key="pk_test_conformance",
    webhook_secrets=("whsec_conformance",),
)

# localstripe's test cards; those of DECLINE can be attached and refuse the charge.
_CARDS = {
    Act.SUCCEED: "4242424242424242",
    Act.DECLINE: "4000000000000341",
    Act.PASS_CHALLENGE: "4000002500003155",
    Act.REFUSE_CHALLENGE: "4000002500003155",
}


@cache
def localstripe() -> str:
    """The address of a localstripe that ends with this process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop() -> None:
        process.terminate()
        process.wait(10)

    atexit.register(stop)
    return f"http://127.0.0.1:{port}"


async def _ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                # Also forgets what earlier tests made.
                (await client.delete("/_config/data")).raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


class StripeBench:
    """localstripe has no disputes, no fees, one decline reason and no method that is slow to
    succeed; those are shown with Stripe's example objects in tests/adapters instead."""

    can = frozenset(
        {
            Can.DECLINES,
            Can.CHALLENGES,
            Can.CAPTURE_LATER,
            Can.CANCELS,
            Can.REFUNDS,
            Can.READS_REFUNDS,
            Can.MANDATES,
            Can.WEBHOOKS,
            Can.TIMESTAMPED,
            Can.LOSES_ANSWERS,
            Can.COUNTS_CHARGES,
            Can.KEY_CHECKS_BODY,
            Can.REFUSES_AT_ONCE,
        }
    )
    currencies = ("EUR", "JPY", "KWD", "ISK")

    def __init__(self, upstream: httpx.AsyncClient, proxy: StripeProxy) -> None:
        self.gateway = StripeGateway(CREDENTIALS, api_base=proxy.url)
        self.proxy = proxy
        self._upstream = upstream

    def now(self) -> datetime:
        return SystemClock().machine()

    async def pay(self, started: Snapshot, act: Act) -> None:
        path = f"/v1/payment_intents/{started.processor_ref}"
        method = await self._method(act)
        intent = await self._post(path, payment_method=method)
        answer = await self._upstream.post(f"{path}/confirm")
        assert answer.status_code == (402 if act is Act.DECLINE else 200), answer.text
        if act in (Act.PASS_CHALLENGE, Act.REFUSE_CHALLENGE):
            assert answer.json()["status"] == "requires_action"
            await self._post(
                f"{path}/_authenticate",
                client_secret=str(intent["client_secret"]),
                success="true" if act is Act.PASS_CHALLENGE else "false",
            )

    async def set_up(self, setup_ref: str, act: Act) -> None:
        method = await self._method(act)
        await self._post(f"/v1/setup_intents/{setup_ref}/confirm", payment_method=method)

    async def settle(self) -> None:
        """Nothing is slow here."""

    async def webhooks(self) -> list[Inbound]:
        async with asyncio.timeout(10):
            sent = [await self.proxy.events.get()]
        while not self.proxy.events.empty():
            sent.append(self.proxy.events.get_nowait())
        return sent

    async def charges(self, payment_id: str) -> int:
        listed = await self._upstream.get("/v1/payment_intents", params={"limit": 1000})
        return sum(
            intent["metadata"].get("payment_id") == payment_id and intent["status"] == "succeeded"
            for intent in listed.json()["data"]
        )

    async def lose_next_answer(self, what: str) -> None:
        self.proxy.lose = what

    async def dispute(self, captured: Snapshot) -> None:
        raise AssertionError("localstripe has no disputes")

    async def close_dispute(self, captured: Snapshot, *, won: bool) -> None:
        raise AssertionError("localstripe has no disputes")

    def unreachable(self) -> Gateway:
        return StripeGateway(CREDENTIALS, api_base="http://127.0.0.1:9", timeout_s=2)

    async def _method(self, act: Act) -> str:
        card = {"number": _CARDS[act], "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        fields = {f"card[{name}]": value for name, value in card.items()}
        made = await self._post("/v1/payment_methods", type="card", **fields)
        return str(made["id"])

    async def _post(self, path: str, **form: str) -> dict[str, object]:
        answer = await self._upstream.post(path, data=form)
        assert answer.status_code == 200, answer.text
        data: dict[str, object] = answer.json()
        return data


@asynccontextmanager
async def bench() -> AsyncIterator[StripeBench]:
    secret = CREDENTIALS.webhook_secrets[0]
    headers = {"Authorization": f"Bearer {CREDENTIALS.secret_key}"}
    async with httpx.AsyncClient(base_url=localstripe(), headers=headers) as upstream:
        await _ready(upstream)
        proxy = StripeProxy(upstream, secret)
        await proxy.start()
        events = ["payment_intent.succeeded", "payment_intent.payment_failed"]
        told = {"url": f"{proxy.url}/_webhooks", "secret": secret, "events": events}
        (await upstream.post("/_config/webhooks/bench", json=told)).raise_for_status()
        made = StripeBench(upstream, proxy)
        try:
            yield made
        finally:
            await made.gateway.close()
            await proxy.stop()
