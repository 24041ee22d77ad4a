"""The process is killed for real between every two steps; afterwards money and access agree.

Kill points are not listed: the story is told again with the next one until it comes to its end
unharmed. What the killed process did at the sandbox stays done: that one is another process.
"""

from __future__ import annotations

import json
import random
from typing import NamedTuple, Protocol

import pytest

from infra.kernel.ids import new_id
from paywall.payments.tables import PaymentState
from tests.stories.doomed import TICK, Request, lived
from tests.stories.hall import KEY, Buyer, Hall
from tests.stories.test_money import on_air

pytestmark = pytest.mark.slow
GOOD = "4242424242424242"


class Offer(NamedTuple):
    event_id: str
    offer_id: str


class Story(Protocol):
    """Tells it once; where the process was killed, or empty when it came to its end."""

    __name__: str

    async def __call__(self, hall: Hall, kill_at: int, offer: Offer, *, retry: bool) -> str: ...


async def live(hall: Hall, kill_at: int, *requests: Request) -> str:
    return await lived(kill_at, hall.db, hall.settings, hall.clock.machine(), requests)


async def buys(hall: Hall, buyer: Buyer, offer_id: str, card: str = GOOD) -> Request:
    body = {"offer_id": offer_id, "terms_accepted": True, "test_card": card}
    headers = await buyer.signed_in() | {
        "Idempotency-Key": new_id("idem"),
        "Content-Type": "application/json",
    }
    return Request("POST", "/v1/checkouts", headers, json.dumps(body).encode())


async def again(hall: Hall, request: Request) -> dict[str, str]:
    """The client's own retry, to a process that lives."""
    client = await hall.client()
    answer = await client.request(
        request.method, request.path, headers=request.headers, content=request.body
    )
    assert answer.status_code in (200, 201), answer.text
    result: dict[str, str] = answer.json()
    return result


async def recover(hall: Hall) -> None:
    """A new process, half a minute later: only the worker's tick, no webhook."""
    await hall.move(seconds=31)
    await hall.tick()
    await hall.move(seconds=31)
    await hall.tick()
    await hall.agree()


async def checkout(hall: Hall, kill_at: int, offer: Offer, *, retry: bool) -> str:
    """Killed while it sells; then the buyer asks again, or never comes back."""
    buyer = await hall.buyer(f"{new_id('b')}@example.org")
    request = await buys(hall, buyer, offer.offer_id)
    where = await live(hall, kill_at, request)
    if retry:
        await hall.move(seconds=31)
        order_id = (await again(hall, request))["order_id"]
        await recover(hall)
        assert await hall.state(order_id) == "paid", where
        assert await buyer.sees(offer.event_id) == "open", where
        assert (await again(hall, request))["order_id"] == order_id
    else:
        await recover(hall)
    return where


async def refund(hall: Hall, kill_at: int, offer: Offer, *, retry: bool) -> str:
    """Killed while it gives money back."""
    buyer = await hall.buyer(f"{new_id('b')}@example.org")
    order_id = (await again(hall, await buys(hall, buyer, offer.offer_id)))["order_id"]
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Idempotency-Key": new_id("idem"),
        "Content-Type": "application/json",
    }
    request = Request("POST", f"{hall.at}/orders/{order_id}/refunds", headers, b"{}")
    where = await live(hall, kill_at, request)
    if retry:
        await hall.move(seconds=31)
        await again(hall, request)
    await recover(hall)
    state = await hall.state(order_id)
    assert state == "refunded" if retry else state in ("paid", "refunded"), where
    if state == "refunded":
        assert await buyer.sees(offer.event_id) == "revoked", where
    return where


async def inbox(hall: Hall, kill_at: int, offer: Offer, *, retry: bool) -> str:
    """Killed between the processor's webhook and what follows from it; the webhook comes again."""
    buyer = await hall.buyer(f"{new_id('b')}@example.org")
    order_id = await buyer.order(offer.offer_id)
    while not hall.bench.mailbox.got.empty():
        await hall.webhooks()
    await buyer.card(order_id)
    (told,) = await hall.webhooks()
    hook = Request("POST", hall.hook, dict(told.headers), told.body)
    where = await live(hall, kill_at, hook, Request(TICK))
    if retry:
        assert (await hall.receive(told)).status_code == 202
        await hall.move(seconds=61)
        await hall.tick()
        assert await hall.state(order_id) == "paid", where
        assert await hall.mails(order_id) == ["receipt"], where
    await hall.move(seconds=121)
    await recover(hall)
    assert await hall.state(order_id) == "paid", where
    return where


async def back_from_the_card_page(hall: Hall, kill_at: int, offer: Offer, *, retry: bool) -> str:
    """Killed while the payer comes back: the page that looks at the processor and settles."""
    buyer = await hall.buyer(f"{new_id('b')}@example.org")
    order_id = await buyer.order(offer.offer_id)
    await buyer.card(order_id)
    cookies = "; ".join(f"{name}={value}" for name, value in buyer.client.cookies.items())
    page = Request("GET", f"/orders/{order_id}/payment", {"Cookie": cookies})
    where = await live(hall, kill_at, page)
    if retry:
        assert (await buyer.page(order_id)).status_code == 303
    else:
        await hall.move(seconds=121)
    await recover(hall)
    assert await hall.state(order_id) == "paid", where
    return where


STORIES: list[Story] = [checkout, refund, inbox, back_from_the_card_page]


async def tell(hall: Hall, story: Story, *, both: bool) -> int:
    """Kill at step 1, 2, 3 ... until the story ends unharmed; how many deaths there were.

    After every other death the client asks again, and else it is gone; with `both`, each in turn.
    """
    offer = Offer(*await on_air(hall))
    deaths = kill_at = 0
    while True:
        kill_at += 1
        for retry in (True, False) if both else (kill_at % 2 == 1,):
            if not await story(hall, kill_at, offer, retry=retry):
                return deaths
            deaths += 1


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_killed_between_every_two_steps(sqlite_hall: Hall, story: Story) -> None:
    assert await tell(sqlite_hall, story, both=False) >= 3


@pytest.mark.drill
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_killed_between_every_two_steps_on_each_database(hall: Hall, story: Story) -> None:
    deaths = await tell(hall, story, both=True)
    print(f"drill crashes of {story.__name__}: ok, {deaths} deaths")


@pytest.mark.drill
async def test_killed_twice_at_random(hall: Hall) -> None:
    """The process dies, and so does the one that cleans up after it."""
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    offer = Offer(*await on_air(hall))
    for _ in range(25):
        buyer = await hall.buyer(f"{new_id('b')}@example.org")
        request = await buys(hall, buyer, offer.offer_id)
        first, second = chance.randint(1, 14), chance.randint(1, 14)
        where = [await live(hall, first, request)]
        await hall.move(seconds=31)
        where.append(await live(hall, second, Request(TICK), request))
        await hall.move(seconds=61)
        order_id = (await again(hall, request))["order_id"]
        await recover(hall)
        assert await hall.state(order_id) == "paid", (seed, where)
        (paid,) = await hall.payments(order_id)
        assert paid.state is PaymentState.CAPTURED
    print(f"drill double kills: ok, 25 stories, seed {seed}")


async def test_a_declined_card_stays_declined_whenever_the_process_dies(sqlite_hall: Hall) -> None:
    """The outcome of a refusal is not lost either, and nobody is charged for it."""
    offer = Offer(*await on_air(sqlite_hall))
    for kill_at in (3, 5, 6, 7):
        buyer = await sqlite_hall.buyer(f"{new_id('b')}@example.org")
        request = await buys(sqlite_hall, buyer, offer.offer_id, card="4000000000000002")
        await live(sqlite_hall, kill_at, request)
        await sqlite_hall.move(seconds=31)
        order_id = (await again(sqlite_hall, request))["order_id"]
        await recover(sqlite_hall)
        assert await sqlite_hall.state(order_id) == "open"
        assert (await sqlite_hall.payments(order_id))[-1].state is PaymentState.FAILED
