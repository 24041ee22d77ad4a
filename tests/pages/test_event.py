"""The event page: what it says in each state, and for whom it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from offers.tables import OfferKind, OfferState, Pool
from paywall.catalogue.tables import EventState, Mode, Venue
from tests.pages.world import Hall

LIVE = "/venues/la-verriere/events/maud-the-tides"


async def test_a_stranger_sees_the_price_and_gets_no_cookie(hall: Hall) -> None:
    answer = await hall.browser.get(LIVE)
    assert answer.status_code == 200
    assert "Watch live, €12.00" in answer.text
    assert "Tax included" in answer.text
    assert "set-cookie" not in answer.headers


async def test_the_page_is_kept_for_two_seconds_and_not_longer(hall: Hall) -> None:
    await hall.browser.get(LIVE)
    await hall.change(await hall.event("maud-the-tides"), name="Another Name")
    hall.clock.move(seconds=1)
    assert "Another Name" not in (await hall.browser.get(LIVE)).text
    hall.clock.move(seconds=1.5)
    assert "Another Name" in (await hall.browser.get(LIVE)).text


async def test_somebody_signed_in_gets_a_page_of_their_own(hall: Hall) -> None:
    await hall.sign_in("viewer@example.org")
    answer = await hall.browser.get(LIVE)
    assert answer.headers["cache-control"] == "private, no-store"
    assert "My tickets" in answer.text
    stranger = hall.new_browser()
    assert "My tickets" not in (await stranger.get(LIVE)).text


async def test_the_visitors_currency_is_used_where_there_is_a_price(hall: Hall) -> None:
    await hall.browser.post(
        "/preferences", data={"currency": "GBP", "language": "en", "next": LIVE}
    )
    assert "Watch live, £11.00" in (await hall.browser.get(LIVE)).text
    kora = "/venues/la-verriere/events/kora-cello"
    assert "€11.00" in (await hall.browser.get(kora)).text


async def test_the_page_speaks_french(hall: Hall) -> None:
    french = hall.new_browser(**{"accept-language": "fr-FR"})
    answer = await french.get(LIVE)
    assert 'lang="fr-FR"' in answer.text
    assert "12,00\xa0€" in answer.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"on_sale_from": timedelta(days=1)}, "Not on sale yet"),
        ({"on_sale_until": timedelta(days=-1)}, "The sale is over"),
    ],
)
async def test_a_sale_that_is_not_open_says_why(
    hall: Hall, change: dict[str, timedelta], says: str
) -> None:
    offer = await hall.offer("maud-the-tides")
    now = hall.clock.machine()
    await hall.change(offer, **{name: now + delta for name, delta in change.items()})
    for address in (LIVE, f"/buy/{offer.id}"):
        text = (await hall.browser.get(address)).text
        assert says in text
        assert "<form" not in text.split("<main")[1].split("</main>")[0]


async def test_sold_out_is_said_on_the_page_and_at_the_counter(hall: Hall) -> None:
    offer = await hall.offer("les-ombres-electriques")
    async with hall.parts.db.transaction() as tx:
        pool = await tx.get_one(Pool, offer.id)
        pool.taken = pool.capacity or 0
    page = await hall.browser.get("/venues/la-verriere/events/les-ombres-electriques")
    assert "Sold out" in page.text
    counter = await hall.browser.get(f"/buy/{offer.id}")
    assert counter.status_code == 409
    assert "Every place is taken" in counter.text


async def test_a_cancelled_concert_says_that_the_money_comes_back(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    await hall.change(await hall.event("maud-the-tides"), state=EventState.CANCELLED)
    text = (await hall.browser.get(LIVE)).text
    assert "This concert is cancelled" in text
    assert "gets the money back" in text
    assert "This concert is cancelled" in (await hall.browser.get(f"/buy/{offer.id}")).text


async def test_a_draft_is_nowhere(hall: Hall) -> None:
    offer = await hall.offer("maud-the-tides")
    await hall.change(await hall.event("maud-the-tides"), state=EventState.DRAFT)
    assert (await hall.browser.get(LIVE)).status_code == 404
    await hall.change(offer, state=OfferState.DRAFT)
    assert (await hall.browser.get(f"/buy/{offer.id}")).status_code == 404


async def test_a_pass_opens_the_replay_of_a_concert_that_is_over(hall: Hall) -> None:
    page = await hall.browser.get("/venues/la-verriere/events/orchestre-des-possibles")
    assert "Watch the replay, €9.00" in page.text
    offer = await hall.offer("orchestre-des-possibles", OfferKind.SEASON_PASS)
    assert f"/buy/{offer.id}" in page.text


async def test_dev_pages_are_gone_once_a_venue_is_live(hall: Hall) -> None:
    assert (await hall.browser.get("/dev/mailbox")).status_code == 200
    async with hall.parts.db.transaction() as tx:
        venue = await tx.get_one(Venue, (await hall.event("maud-the-tides")).venue_id)
        venue.mode = Mode.LIVE
    hall.clock.move(seconds=10)
    for page in ("mailbox", "components"):
        assert (await hall.browser.get(f"/dev/{page}")).status_code == 404


async def test_dev_pages_are_for_this_machine_alone(hall: Hall) -> None:
    proxied = hall.new_browser(**{"x-forwarded-for": "203.0.113.9"})
    assert (await proxied.get("/dev/mailbox")).status_code == 404


async def test_a_missing_page_is_html_for_a_browser_and_a_problem_for_a_program(
    hall: Hall,
) -> None:
    page = await hall.browser.get("/venues/nowhere")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "This page isn’t here" in page.text
    program = hall.new_browser(accept="application/json")
    problem = await program.get("/venues/nowhere")
    assert problem.headers["content-type"].startswith("application/problem+json")
    api = await hall.browser.get("/v1/catalogue/venues/nowhere")
    assert api.headers["content-type"].startswith("application/problem+json")


async def test_posters_hold_no_script(hall: Hall) -> None:
    event = await hall.event("maud-the-tides")
    answer = await hall.browser.get(f"/events/{event.id}/poster.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "<script" not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
