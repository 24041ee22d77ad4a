"""A whole venue for stories: the real app spoken to through HTTP, a real sandbox, a moved clock."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from entitlements.tables import Grant
from infra.kernel.clock import HandClock, iso
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from offers.tables import Hold, HoldState, Pool
from paywall.accounts.identify import fingerprint
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.passwords import Passwords
from paywall.accounts.people import make_people
from paywall.accounts.roles import API_KEY_SCOPES
from paywall.accounts.sessions import Caller
from paywall.accounts.tables import ApiKey
from paywall.app.assembly import assemble
from paywall.app.sending import senders
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout.tables import Order
from paywall.cli.doctor import examine
from paywall.http.parts import Parts
from paywall.ledger.movements import balances
from paywall.notices.tables import OutboxRow
from paywall.payments.port import Inbound
from paywall.payments.tables import Payment
from paywall.worker.jobs import jobs
from paywall.worker.tick import Worker
from tests.accounts.world import CHEAP, Mailbox
from tests.apps import app_over
from tests.conformance.benches.sandbox import SandboxBench, merchant
from tests.conformance.gateway_bench import Act

URL = "http://127.0.0.1:9"  # where the sandbox sends payers back to; nobody listens there
KEY = "pwk_test_" + "h" * 43
MASTER = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
MONEY_JOBS = frozenset({"payments", "holds", "silent_players"})
HOME = {"Sec-Fetch-Site": "same-origin"}


def worker_of(parts: Parts, stack: AsyncExitStack, names: frozenset[str] = MONEY_JOBS) -> Worker:
    """A worker with these jobs; without a choice, those that move money and access."""
    sending = senders(parts)
    for close in sending.closing:
        stack.push_async_callback(close)
    moving = [job for job in jobs(parts, sending) if job.name in names]
    assert len(moving) == len(names)
    return Worker(moving, parts.clock)


class Hall:
    """One venue, its offers and its clock. What staff do goes through its API key."""

    def __init__(self, db: Database, bench: SandboxBench, folder: Path) -> None:
        self.db, self.bench = db, bench
        self.clock = HandClock(bench.now())
        self.settings = Settings(
            data_dir=folder,
            public_url=URL,
            sandbox_url=bench.url,
            master_secret=MASTER,
            rate_scale=0,
        )
        self.venue_id = new_id("ven")
        self.at = f"/v1/venues/{self.venue_id}"
        self.mailbox = Mailbox()
        self._stack = AsyncExitStack()
        self._logins = 0
        self._worker: Worker | None = None
        self.parts: Parts
        self.app: Any
        self.staff: httpx.AsyncClient
        self.hook = ""

    # Setting up

    async def open(self, **venue: Any) -> None:
        self.parts, self.app = await self.another_process()
        self.staff = await self.client({"Authorization": f"Bearer {KEY}"})
        now = self.clock.machine()
        async with self.db.transaction() as tx:
            values = {
                "id": self.venue_id,
                "slug": self.venue_id[-20:],
                "name": "La Verrière",
                "mode": Mode.TEST,
                "country": "FR",
                "timezone": "Europe/Paris",
                "currency": "EUR",
                "vat_bps": 550,
                "platform_fee_bps": 300,
                "created_at": now,
            }
            tx.add(Venue(**(values | venue)))
            tx.add(
                ApiKey(
                    id=new_id("key"),
                    venue_id=self.venue_id,
                    name="stories",
                    secret_hash=fingerprint(KEY),
                    shown=KEY[:12],
                    scopes=" ".join(sorted(API_KEY_SCOPES)),
                    created_by="tests",
                    created_at=now,
                )
            )
            credentials = {
                "secret_key": self.bench.credentials.secret_key,
                "webhook_secret": self.bench.credentials.webhook_secret,
            }
            account = self.parts.desk.gateways.open_account(
                tx,
                now,
                venue_id=self.venue_id,
                venue_mode=Mode.TEST,
                gateway="sandbox",
                credentials=credentials,
            )
            self.hook = f"/v1/gateways/{account.hook_token}/webhook"

    async def another_process(self) -> tuple[Parts, Any]:
        """Parts and app as a freshly started web process has them, over the same database."""
        parts = assemble(self.settings, clock=self.clock, db=self.db)
        people = make_people(
            self.db,
            self.clock,
            sealer=Sealer(self.settings.master()),
            limiter=MemoryLimiter(self.clock),
            notices=self.mailbox,
            public_url=URL,
            name="Paywall",
            passwords=Passwords(CHEAP),
        )
        parts = dataclasses.replace(parts, people=people)
        # Its lifespan only closes the parts and polls the denylist, which stories do by hand.
        self._stack.push_async_callback(parts.close)
        return parts, app_over(parts)

    async def client(
        self, headers: dict[str, str] | None = None, app: Any = None
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app or self.app, client=("203.0.113.7", 50000))
        made = httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)
        return await self._stack.enter_async_context(made)

    async def close(self) -> None:
        await self._stack.aclose()

    async def make(self, noun: str, **body: Any) -> dict[str, Any]:
        answer = await self.staff.post(f"{self.at}/{noun}", json=body)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def season(self, days: int = 90) -> str:
        now = self.clock.machine()
        made = await self.make(
            "seasons", name="Automne", starts_at=iso(now), ends_at=iso(now + timedelta(days=days))
        )
        return str(made["id"])

    async def event(self, *, in_hours: float = 24, lasts_h: float = 2, **more: Any) -> str:
        """A published event with a stream and, from its end on, a recording."""
        starts = self.clock.machine() + timedelta(hours=in_hours)
        ends = starts + timedelta(hours=lasts_h)
        made = await self.make(
            "events", name="Maud", starts_at=iso(starts), ends_at=iso(ends), **more
        )
        event_id = str(made["id"])
        await self.make("streams", event_id=event_id, kind="local", source="salle")
        await self.make(
            "replays", event_id=event_id, kind="local", source="film", available_from=iso(ends)
        )
        assert (await self.staff.post(f"{self.at}/events/{event_id}/publish")).is_success
        return event_id

    async def offer(self, kind: str, scope_id: str, minor: int = 1200, **more: Any) -> str:
        body = {
            "kind": kind,
            "scope_id": scope_id,
            "name": "Billet",
            "prices": [{"amount": minor, "currency": "EUR"}],
        }
        offer = await self.make("offers", **(body | more))
        answer = await self.staff.post(f"{self.at}/offers/{offer['id']}/publish")
        assert answer.is_success, answer.text
        return str(offer["id"])

    async def ticket(self, event_id: str, minor: int = 1200, **more: Any) -> str:
        more.setdefault("replay_window_s", 3 * 24 * 3600)
        return await self.offer("stream_ticket", event_id, minor, **more)

    # Time and the worker

    async def move(self, **delta: float) -> None:
        """Time passes, here and at the processor."""
        before = self.clock.machine()
        self.clock.move(**delta)
        await self.bench.move_clock((self.clock.machine() - before).total_seconds())

    async def tick(self) -> int:
        """What is due about money and access; what leaves the house has tests of its own."""
        if self._worker is None:
            self._worker = worker_of(self.parts, self._stack)
        return await self._worker.run_all_once()

    async def webhooks(self) -> list[Inbound]:
        return await self.bench.webhooks()

    async def receive(self, inbound: Inbound, **headers: str) -> httpx.Response:
        client = await self.client()
        return await client.post(
            self.hook, content=inbound.body, headers=dict(inbound.headers) | headers
        )

    async def deliver(self, until: str = "") -> None:
        """Hand on what the processor sent, and let the worker handle it.

        With `until` that goes on till a webhook of this kind has come.
        """
        while True:
            sent = await self.webhooks()
            for inbound in sent:
                assert (await self.receive(inbound)).status_code == 202
            await self.tick()
            if not until or any(json.loads(i.body)["type"] == until for i in sent):
                return

    # Buying

    async def buyer(self, email: str = "ada@example.org", app: Any = None) -> Buyer:
        return Buyer(self, email, await self.client(HOME, app))

    async def refund(
        self, order_id: str, minor: int | None = None, key: str = ""
    ) -> httpx.Response:
        body = {} if minor is None else {"amount": {"amount": minor, "currency": "EUR"}}
        return await self.staff.post(
            f"{self.at}/orders/{order_id}/refunds",
            json=body,
            headers={"Idempotency-Key": key or new_id("idem")},
        )

    async def session_secret(self, email: str) -> str:
        """Signed in by a mailed link, so that the address is proven."""
        self._logins += 1
        here = Caller(f"198.51.{self._logins % 250}.7", "Firefox")
        await self.parts.people.links.request(email, here)
        opened = await self.parts.people.links.redeem(self.mailbox.last.token, here)
        return opened.secret

    # What is true

    async def order(self, order_id: str) -> dict[str, Any]:
        answer = await self.staff.get(f"{self.at}/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def state(self, order_id: str) -> str:
        return str((await self.order(order_id))["state"])

    async def payments(self, order_id: str) -> list[Payment]:
        query = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
        async with self.db.read() as tx:
            return list(await tx.scalars(query))

    async def grants(self, order_id: str) -> list[Grant]:
        async with self.db.read() as tx:
            return list(await tx.scalars(select(Grant).where(Grant.order_id == order_id)))

    async def mails(self, cause_id: str) -> list[str]:
        """Kinds of the mails that were written for this cause."""
        query = select(OutboxRow).where(OutboxRow.cause_id == cause_id).order_by(OutboxRow.id)
        async with self.db.read() as tx:
            return [row.template for row in await tx.scalars(query)]

    async def money(self) -> dict[str, int]:
        """Balances of the venue's accounts in EUR; the processors' together."""
        async with self.db.read() as tx:
            all_ = await balances(tx, self.venue_id, test=True)
        found: dict[str, int] = {}
        for (account, _), minor in all_.items():
            name = "processor" if account.startswith("processor:") else account
            found[name] = found.get(name, 0) + minor
        return {name: minor for name, minor in found.items() if minor}

    async def taken(self, offer_id: str) -> int:
        async with self.db.read() as tx:
            return (await tx.get_one(Pool, offer_id)).taken

    async def sandbox_money(self) -> dict[str, list[tuple[str, int]]]:
        """What really moved at the processor, by our payment ids."""
        rows = (await self.bench.ask("GET", "/test/charges"))["charges"]
        moved: dict[str, list[tuple[str, int]]] = {}
        for row in rows:
            moved.setdefault(row["reference"], []).append((row["kind"], row["amount"]))
        return moved

    async def healthy(self, *, but: str = "") -> None:
        """Doctor finds nothing, except what `but` names."""
        wrong = [finding.what for finding in await examine(self.parts) if not finding.good]
        wrong = [what for what in wrong if not but or but not in what]
        assert not wrong, wrong

    async def agree(self, *, but: str = "") -> None:
        """Healthy, and our payments, grants and places say what really moved at the processor."""
        await self.healthy(but=but)
        moved = await self.sandbox_money()
        async with self.db.read() as tx:
            payments = list(await tx.scalars(select(Payment)))
            held = select(Hold.order_id).where(Hold.state == HoldState.SOLD)
            sold = set(await tx.scalars(held))
            orders = {order.id: order for order in await tx.scalars(select(Order))}
            grants = list(await tx.scalars(select(Grant)))
        for payment in payments:
            real = moved.get(payment.id, [])
            charged = [minor for kind, minor in real if kind == "charge"]
            assert len(charged) <= 1, f"{payment.id} was charged {len(charged)} times"
            assert sum(charged) == payment.captured_minor, (payment.id, payment.state, real)
            gone = -sum(minor for kind, minor in real if kind != "charge")
            assert gone == payment.refunded_minor + payment.disputed_minor, (payment.id, real)
        open_to = {grant.order_id for grant in grants if grant.state.value != "revoked"}
        served = {o.id for o in orders.values() if o.state.value in ("paid", "partly_refunded")}
        assert open_to == served, (open_to, served)
        assert sold == served, (sold, served)


class Buyer:
    """A person with a browser. Signed in only when they watch."""

    def __init__(self, hall: Hall, email: str, client: httpx.AsyncClient) -> None:
        self.hall, self.email, self.client = hall, email, client
        self._token = ""
        self._token_until = hall.clock.machine()

    async def form(self, offer_id: str, **typed: str) -> dict[str, str]:
        """The checkout's form as the page gives it, filled in."""
        mine = {"email": self.email, "country": "FR", "terms": "on"} | typed
        page = await self.client.get(f"/buy/{offer_id}")
        if "coupon" in typed:  # "Apply code" is pressed first
            hidden = dict(HIDDEN.findall(page.text))
            page = await self.client.post(f"/buy/{offer_id}/quote", data=hidden | mine)
        return dict(HIDDEN.findall(page.text)) | mine

    async def send(self, offer_id: str, form: dict[str, str]) -> httpx.Response:
        return await self.client.post(f"/buy/{offer_id}", data=form)

    async def order(self, offer_id: str, **typed: str) -> str:
        """Begin a checkout; the order's id."""
        answer = await self.send(offer_id, await self.form(offer_id, **typed))
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].split("/")[2]

    async def page(self, order_id: str) -> httpx.Response:
        """The payment page as after coming back from the processor."""
        return await self.client.get(f"/orders/{order_id}/payment")

    async def card(self, order_id: str, act: Act = Act.SUCCEED) -> None:
        """Fill the processor's card page, and stay there: the way back is `page`."""
        shown = await self.page(order_id)
        found = re.search(rf'href="({re.escape(self.hall.bench.url)}/pay/[^"]+)"', shown.text)
        assert found is not None, shown.text
        await self.hall.bench._fill(found[1], act)

    async def buy(self, offer_id: str, **typed: str) -> str:
        """The whole way with a good card, and back."""
        order_id = await self.order(offer_id, **typed)
        await self.card(order_id)
        back = await self.page(order_id)
        assert back.headers.get("location") == f"/orders/{order_id}", back.text
        return order_id

    async def checkout(self, offer_id: str, card: str, key: str = "") -> httpx.Response:
        """An app's purchase in one call, with a test card instead of the processor's page."""
        return await self.client.post(
            "/v1/checkouts",
            json={"offer_id": offer_id, "terms_accepted": True, "test_card": card},
            headers=await self.signed_in() | {"Idempotency-Key": key or new_id("idem")},
        )

    async def signed_in(self) -> dict[str, str]:
        now = self.hall.clock.machine()
        if self._token_until <= now:  # a log-in does not outlive every story
            self._token = await self.hall.session_secret(self.email)
            self._token_until = now + timedelta(hours=12)
        return {"Authorization": f"Bearer {self._token}"}

    async def watch(self, event_id: str, kind: str = "live") -> httpx.Response:
        body = {"event": event_id, "kind": kind, "device_id": "tv"}
        signed_in = await self.signed_in()
        return await self.client.post("/v1/playback/sessions", json=body, headers=signed_in)

    async def sees(self, event_id: str, kind: str = "live") -> str:
        """`open`, or the code of the refusal."""
        answer = await self.watch(event_id, kind)
        return "open" if answer.is_success else str(answer.json()["code"])


@asynccontextmanager
async def hall_over(db: Database, sandbox_url: str, folder: Path) -> AsyncIterator[Hall]:
    """An opened hall over this database, with a merchant of its own at the sandbox."""
    async with merchant(sandbox_url) as bench:
        hall = Hall(db, bench, folder)
        await hall.open()
        try:
            yield hall
        finally:
            await bench.ask("POST", "/test/faults/clear")
            await hall.close()
