"""What pages tell of visits, the source that an order keeps, and the ways of saying no."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from paywall.accounts.consents import Purpose
from paywall.accounts.customers import customers_for
from paywall.accounts.tables import AuthSession, Consent
from paywall.catalogue.tables import Venue
from paywall.checkout.tables import Order
from paywall.crm.tables import Visit, VisitCount
from tests.pages.world import Hall, form_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PRIVACY = "/venues/la-verriere/privacy"
TOLD = {"venue": "la-verriere", "page": "storefront", "host": "www.google.com"}


def browser(hall: Hall, **headers: str) -> httpx.AsyncClient:
    return hall.new_browser(**{"user-agent": FIREFOX, **headers})


async def rows(hall: Hall, model: Any) -> list[Any]:
    await hall.parts.visits.flush()
    async with hall.parts.db.read() as tx:
        return list(await tx.scalars(select(model)))


async def test_a_page_tells_and_learns_where_the_visit_came_from(hall: Hall) -> None:
    event = await hall.event("maud-the-tides")
    answer = await browser(hall).post(
        "/visits", json=TOLD | {"page": "event", "event": event.id, "utm_campaign": "spring"}
    )
    assert answer.json() == {"source": "partner", "campaign": "spring"}
    assert "set-cookie" not in answer.headers
    (row,) = await rows(hall, VisitCount)
    assert (row.event_id, row.campaign, row.device, row.visits) == (event.id, "spring", "web", 1)


async def test_pages_that_are_counted_say_which_they_are(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    pages = {
        "/venues/la-verriere": 'page="storefront"',
        "/venues/la-verriere/events/maud-the-tides": 'page="event"',
        "/venues/la-verriere/help": 'page="help"',
        f"/buy/{offer.id}": 'page="offer"',
    }
    for address, mark in pages.items():
        text = (await hall.browser.get(address)).text
        assert "<visit-count" in text
        assert mark in text
    assert "<visit-count" not in (await hall.browser.get(PRIVACY)).text


async def test_looking_at_a_page_alone_counts_nothing(hall: Hall) -> None:
    await browser(hall).get("/venues/la-verriere")
    assert hall.parts.visits.waiting == 0


async def test_a_machine_is_answered_and_not_counted(hall: Hall) -> None:
    answer = await hall.browser.post("/visits", json=TOLD)  # httpx says that it is httpx
    assert (answer.status_code, answer.json()["source"]) == (200, "")
    assert await rows(hall, VisitCount) == []


async def test_another_sites_page_can_not_count(hall: Hall) -> None:
    theirs = browser(hall, **{"sec-fetch-site": "cross-site"})
    assert (await theirs.post("/visits", json=TOLD)).status_code == 403


async def test_the_browsers_own_no_is_heard(hall: Hall) -> None:
    quiet = browser(hall, **{"sec-gpc": "1"})
    assert (await quiet.post("/visits", json=TOLD)).json()["source"] == ""
    assert "aren’t counted" in (await quiet.get(PRIVACY)).text
    assert await rows(hall, VisitCount) == []


async def test_one_button_says_no_and_another_yes_again(hall: Hall) -> None:
    person = browser(hall)
    assert "Your visits are counted" in (await person.get(PRIVACY)).text
    await person.post(PRIVACY, data={"count": "no"})
    assert "Count my visits again" in (await person.get(PRIVACY)).text
    assert (await person.post("/visits", json=TOLD)).json()["source"] == ""
    await person.post(PRIVACY, data={"count": "yes"})
    assert (await person.post("/visits", json=TOLD)).json()["source"] == "search"


async def test_who_is_signed_in_says_no_for_every_browser(hall: Hall) -> None:
    hall.browser.headers["user-agent"] = FIREFOX
    await hall.sign_in("viewer@example.org")
    async with hall.parts.db.transaction() as tx:
        venue_id = (await tx.scalars(select(Venue.id).where(Venue.slug == "la-verriere"))).one()
        account_id = (await tx.scalars(select(AuthSession.account_id))).one()
        await customers_for(tx, [(venue_id, account_id)], hall.clock.machine())
    await hall.browser.post("/visits", json=TOLD)
    assert len(await rows(hall, Visit)) == 1
    await hall.browser.post(PRIVACY, data={"count": "no"})
    (word,) = [one for one in await rows(hall, Consent) if one.purpose == Purpose.VISITS]
    assert not word.granted
    hall.browser.cookies.delete("pw_visits")  # another browser of theirs
    hall.clock.move(hours=1)
    await hall.browser.post("/visits", json=TOLD)
    assert len(await rows(hall, Visit)) == 1
    assert await rows(hall, VisitCount) == []


async def bought(hall: Hall, person: httpx.AsyncClient, address: str, **headers: str) -> Order:
    form = form_of((await person.get(address, headers=headers)).text)
    await person.post(
        address.split("?")[0],
        data=form | {"email": "new@example.org", "country": "FR", "terms": "1"},
    )
    async with hall.parts.db.read() as tx:
        return (await tx.scalars(select(Order).where(Order.email == "new@example.org"))).one()


async def test_an_order_keeps_the_source_that_its_links_brought_along(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    order = await bought(
        hall, browser(hall), f"/buy/{offer.id}?came=social&campaign=reel",
        referer="http://localhost:8000/venues/la-verriere",
    )  # fmt: skip
    assert (order.source, order.campaign) == ("social", "reel")


async def test_a_campaigns_link_straight_to_the_checkout_needs_no_script(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    address = f"/buy/{offer.id}?utm_medium=email&utm_campaign=spring&came=social"
    order = await bought(hall, browser(hall), address)
    assert (order.source, order.campaign) == ("mail", "spring")


async def test_an_order_of_who_said_no_keeps_no_source(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    quiet = browser(hall, **{"sec-gpc": "1"})
    order = await bought(hall, quiet, f"/buy/{offer.id}?utm_medium=email&utm_campaign=x")
    assert (order.source, order.campaign) == ("", "")
