"""Players, buyers and a till that go on whatever happens, and note what they were answered."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import httpx
import msgspec

from infra.kernel.clock import SystemClock
from infra.kernel.ids import new_id
from tests.bench.stage import Shop

GOOD = "4242 4242 4242 4242"
IN_FLIGHT = 409
BEAT_EVERY_S = 2.0
"""Thirty times as often as a real player, so that an outage of seconds meets many."""


class Seen(msgspec.Struct, frozen=True):
    """One answer: when, to which request, the status (0: none came), how long it took."""

    at_s: float
    what: str
    status: int
    took_s: float
    good: bool
    """The status is among those that this request may get at that moment."""
    words: str = ""


class Diary:
    """What everybody was answered, in the order of time."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.seen: list[Seen] = []

    def now_s(self) -> float:
        return self.clock.monotonic()

    def between(self, begin_s: float, end_s: float, what: str = "") -> list[Seen]:
        return [one for one in self.seen if begin_s <= one.at_s < end_s and what in ("", one.what)]

    def tally(self, begin_s: float, end_s: float) -> str:
        """`beat 200: 12, 503: 30; ...`"""
        rows: dict[str, Counter[int]] = {}
        for one in self.between(begin_s, end_s):
            rows.setdefault(one.what, Counter())[one.status] += 1
        told = []
        for what, counts in sorted(rows.items()):
            told.append(f"{what} " + ", ".join(f"{s}: {n}" for s, n in sorted(counts.items())))
        return "; ".join(told)

    def slowest_s(self, begin_s: float, end_s: float) -> float:
        return max((one.took_s for one in self.between(begin_s, end_s)), default=0.0)

    async def ask(
        self, what: str, send: Callable[[], Awaitable[httpx.Response]], *allowed: int
    ) -> httpx.Response | None:
        """Send and note. A 503 is allowed to anybody whose answer says so as it should."""
        begun = self.now_s()
        try:
            answer = await send()
        except httpx.TransportError as error:
            took_s = self.now_s() - begun
            self.seen.append(Seen(begun, what, 0, took_s, good=False, words=repr(error)))
            return None
        waits = answer.status_code == 503 and _asks_to_wait(answer)
        good = answer.status_code in allowed or waits
        words = "" if good else answer.text[:300]
        took_s = self.now_s() - begun
        self.seen.append(Seen(begun, what, answer.status_code, took_s, good=good, words=words))
        return answer


def _asks_to_wait(answer: httpx.Response) -> bool:
    problem = answer.headers["content-type"].startswith("application/problem+json")
    return problem and answer.json()["status"] == 503 and int(answer.headers["retry-after"]) > 0


class Person(Protocol):
    """Does what they do until everybody goes home."""

    async def live(self) -> None: ...


class Crowd:
    """Everybody's common ground: the shop, the diary, chance, and when to go home."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient, chance: random.Random) -> None:
        self.shop, self.client, self.chance = shop, client, chance
        self.diary = Diary()
        self.over = asyncio.Event()

    async def pause(self, about_s: float) -> None:
        await asyncio.sleep(about_s * (0.5 + self.chance.random()))


class Player:
    """Holds a token, fetches playlists and segments, beats and renews, as players do."""

    def __init__(self, crowd: Crowd, secret: str, *, by_path: bool) -> None:
        self.crowd, self.secret, self.by_path = crowd, secret, by_path
        self.session: dict[str, Any] = {}
        self.token, self.exp = "", 0
        self._beat_at = 0.0

    async def live(self) -> None:
        while not self.crowd.over.is_set():
            if not self.session:
                await self.open()
            else:
                await self._watch()
            await self.crowd.pause(0.4)

    @property
    def held(self) -> bool:
        """Whether its token is good at this moment, with a second to spare."""
        return self.by_path or self.exp > self.crowd.diary.clock.machine().timestamp() + 1

    async def open(self) -> None:
        body = {
            "event": self.crowd.shop.event_id,
            "device_id": "drill",
            "player": {"transport": "path" if self.by_path else "header"},
        }
        answer = await self._post("open", "/v1/playback/sessions", body, 201)
        if answer is not None and answer.status_code == 201:
            self.session = answer.json()
            self._take(self.session)
            self._beat_at = self.crowd.diary.now_s() + BEAT_EVERY_S

    def _take(self, told: dict[str, Any]) -> None:
        if "token" in told:
            self.token = told["token"]
            exp = told["exp"]
            self.exp = exp if isinstance(exp, int) else _epoch_s(exp)

    async def _post(
        self, what: str, url: str, body: dict[str, Any], *allowed: int
    ) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self.secret}"}
        if what == "beat":
            headers = {"X-Session-Secret": self.session["heartbeat"]["secret"]}
        return await self.crowd.diary.ask(
            what, lambda: self.crowd.client.post(url, json=body, headers=headers), *allowed
        )

    async def _watch(self) -> None:
        if self.crowd.diary.now_s() >= self._beat_at:
            await self._beat({"token_exp": self.exp} if self.held and not self.by_path else {})
        listed = await self._fetch("playlist", self.session["urls"]["hls"])
        if listed is not None and listed.status_code == 401:
            await self._beat({})
            return
        url = listed
        for what in ("playlist", "segment"):  # the list of renditions, one of them, its newest
            if url is None or url.status_code != 200:
                return
            names = re.findall(r"^[^#\s].*$", url.text, re.MULTILINE)
            url = await self._fetch(what, str(url.url.join(names[-1])))

    async def _fetch(self, what: str, url: str) -> httpx.Response | None:
        """While its token is good, nothing but the file is a good answer."""
        held = self.held
        headers = {} if self.by_path else {"Authorization": f"Bearer {self.token}"}
        if self.by_path:  # a browser sends its log-in along
            headers["Cookie"] = f"pw_session={self.secret}"
        # The encoder deletes old segments while a slow reader still asks for them.
        gone = (404,) if what == "segment" else ()
        allowed = (200, *gone) if held else (200, 401, *gone)
        name = f"{what} by path" if self.by_path else what
        return await self.crowd.diary.ask(
            name, lambda: self.crowd.client.get(url, headers=headers), *allowed
        )

    async def _beat(self, more: dict[str, Any]) -> None:
        self._beat_at = self.crowd.diary.now_s() + BEAT_EVERY_S
        beat = self.session["heartbeat"]
        answer = await self._post("beat", beat["url"], {"watched_s": 1, **more}, 200)
        if answer is not None and answer.status_code == 200:
            self._take(answer.json())


def _epoch_s(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


class Purchase(msgspec.Struct):
    """One key, sent again until it was answered for good."""

    key: str
    order_id: str = ""
    state: str = ""
    tries: int = 0


class Customer:
    """Buys again and again; each purchase is carried through, however often it must be sent."""

    def __init__(self, crowd: Crowd, secret: str, *, till: bool) -> None:
        self.crowd, self.secret, self.till = crowd, secret, till
        self.bought: list[Purchase] = []

    async def live(self) -> None:
        while not self.crowd.over.is_set():
            await self.buy()
            await self.crowd.pause(0.3)

    async def buy(self) -> None:
        purchase = Purchase(key=new_id("idem"))
        self.bought.append(purchase)
        while not purchase.state:
            await self._try(purchase)
            await self.crowd.pause(0.3)
        while purchase.state != "paid":  # its outcome is not known yet: looked at, not paid again
            await self._look(purchase)
            await self.crowd.pause(1.0)

    async def _try(self, purchase: Purchase) -> None:
        purchase.tries += 1
        if self.till:
            url = "/v1/orders"
            body: dict[str, Any] = {
                "offer_id": self.crowd.shop.offer_id,
                "email": f"{purchase.key}@example.org",
                "payment": {"kind": "external"},
            }  # fmt: skip
        else:
            url = "/v1/checkouts"
            body = {
                "offer_id": self.crowd.shop.offer_id,
                "terms_accepted": True,
                "test_card": GOOD,
            }  # fmt: skip
        headers = {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": purchase.key}
        # A key whose process lost its database is in flight for half a minute.
        allowed = (201, IN_FLIGHT) if purchase.tries > 1 else (201,)
        answer = await self.crowd.diary.ask(
            "till" if self.till else "buy",
            lambda: self.crowd.client.post(url, json=body, headers=headers),
            *allowed,
        )
        if answer is not None and answer.status_code == 201:
            told = answer.json()
            purchase.order_id = told.get("order_id") or told["id"]
            purchase.state = told.get("order_state") or told["state"]

    async def _look(self, purchase: Purchase) -> None:
        headers = {"Authorization": f"Bearer {self.secret}"}
        url = f"/v1/checkouts/{purchase.order_id}"
        answer = await self.crowd.diary.ask(
            "look", lambda: self.crowd.client.get(url, headers=headers), 200
        )
        if answer is not None and answer.status_code == 200:
            purchase.state = answer.json()["order_state"]


class Stranger:
    """Asks the edge without a token: never a yes."""

    def __init__(self, crowd: Crowd, url: str) -> None:
        self.crowd, self.url = crowd, url

    async def live(self) -> None:
        while not self.crowd.over.is_set():
            await self.crowd.diary.ask("stranger", lambda: self.crowd.client.get(self.url), 401)
            await self.crowd.pause(0.5)
