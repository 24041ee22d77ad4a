"""The product with Stripe and Adyen connected, for their elements in a browser.

Stripe is localstripe behind our proxy, Adyen our stand-in, both through the real adapters. As a
program it serves until its standard input ends; what a payer does at a processor is asked for at
`/stand-in/...`, which only this process has.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import post
from sqlalchemy import select

from infra.adapters.adyen import AdyenGateway
from infra.adapters.stripe import StripeGateway
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.money import Money
from infra.kernel.settings import Settings
from paywall.app import PAGE_ROUTES, create_app
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout.announce import Announcer
from paywall.checkout.buy import Buy
from paywall.checkout.consequences import OrderConsequences
from paywall.cli import seed
from paywall.http.parts import Parts
from paywall.payments.credentials import Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.port import Snapshot, Standing
from paywall.routes import ROUTES
from tests.conformance.adyen_standin import AdyenStandIn
from tests.conformance.benches import adyen as adyen_bench
from tests.conformance.benches import stripe as stripe_bench
from tests.conformance.benches.sandbox import free_port
from tests.conformance.gateway_bench import Act

READY_WITHIN_S = 60
STRIPE_VENUE, ADYEN_VENUE = "la-verriere", "kulturhaus-laerche"


class ElementHouse:
    """The program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._log = (folder / "elements.log").open("wb")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PAYWALL_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.element_house", str(self.port), str(folder)],
            env=environment, stdin=subprocess.PIPE, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._folder = folder

    def wait(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(self.url + "/health/ready", timeout=5):
                return
            time.sleep(0.2)
        raise AssertionError((self._folder / "elements.log").read_text()[-4000:])

    def act(self, path: str, **asked: str) -> dict[str, Any]:
        """What a payer does at the processor."""
        request = urllib.request.Request(
            f"{self.url}/stand-in/{path}",
            data=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _connected(parts: Parts, stripe_url: str, adyen_url: str) -> Parts:
    """The same product whose two processors are the stand-ins."""
    gateways = Gateways(
        parts.db,
        parts.clock,
        parts.sealer,
        {
            "stripe": lambda _: StripeGateway(stripe_bench.CREDENTIALS, api_base=stripe_url),
            "adyen": lambda _: AdyenGateway(adyen_bench.credentials(), api_url=adyen_url),
        },
    )
    announcer = Announcer(parts.outbox, parts.settings.public_url)
    desk = PaymentDesk(parts.db, parts.clock, gateways, OrderConsequences(announcer))
    buy = Buy(
        parts.db, parts.clock, announcer, desk.starter, desk.finisher, parts.settings.public_url
    )
    return dataclasses.replace(parts, desk=desk, buy=buy)


async def _furnish(parts: Parts, connected: Parts) -> None:
    async with parts.db.transaction() as tx:
        await seed.write_demo(tx, parts, "")
    for slug, gateway in ((STRIPE_VENUE, "stripe"), (ADYEN_VENUE, "adyen")):
        async with parts.db.transaction() as tx:
            venue = (await tx.scalars(select(Venue).where(Venue.slug == slug))).one()
            connected.desk.gateways.open_account(
                tx, parts.clock.machine(), venue_id=venue.id, venue_mode=Mode.TEST,
                gateway=gateway, credentials={}, priority=1,
            )  # fmt: skip


def _stand_ins(stripe: stripe_bench.StripeBench, adyen: AdyenStandIn) -> list[Any]:
    @post("/stand-in/stripe", opt={"public": True})
    async def pay_stripe(data: dict[str, str]) -> dict[str, str]:
        none = Money(0, "EUR")
        started = Snapshot(
            processor_ref=data["payment_intent"], payment_id="", standing=Standing.PENDING,
            amount=none, captured=none, refunded=none,
        )  # fmt: skip
        await stripe.pay(started, Act(data["act"]))
        return {}

    @post("/stand-in/adyen", opt={"public": True})
    async def pay_adyen(data: dict[str, str]) -> dict[str, str]:
        return {"result": adyen.pay(data["session_id"], outcome=data["outcome"])}

    return [pay_stripe, pay_adyen]


async def _serve(port: int, folder: Path) -> None:
    settings = Settings(
        data_dir=folder, public_url=f"http://localhost:{port}", port=port,
        sandbox_url="http://127.0.0.1:9", rate_scale=0,
    )  # fmt: skip
    db = Database(f"sqlite+aiosqlite:///{folder / 'elements.sqlite3'}")
    await db.create_all()
    adyen = AdyenStandIn()
    async with AsyncExitStack() as stack:
        stack.callback(adyen.stop)
        stripe = await stack.enter_async_context(stripe_bench.bench())
        parts = assemble(settings, clock=SystemClock(), db=db)
        connected = _connected(parts, stripe.proxy.url, adyen.url)
        await _furnish(parts, connected)
        app = create_app(connected, (*ROUTES, PAGE_ROUTES, *_stand_ins(stripe, adyen)))
        server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False)
        serving = asyncio.create_task(server.serve())
        await asyncio.to_thread(sys.stdin.read)
        server.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(serving, 10)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
