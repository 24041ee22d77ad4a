"""The storefront's grids: a long season is turned page by page, and cards say the city."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from sqlalchemy import select

from infra.kernel.ids import new_id
from paywall.catalogue.tables import Event, EventState, Replay, Venue
from tests.pages.world import Hall

TITLE = re.compile(r'event-card__title"><a href="[^"]+">([^<]+)</a>')
HERE = "/venues/harbour-room"


async def add(hall: Hall, count: int, *, days: int, replay: bool = False) -> list[str]:
    """Events of the Harbour Room, one a day from `days` on; their names in order of time."""
    now = hall.clock.machine()
    names = []
    async with hall.parts.db.transaction() as tx:
        venue = (await tx.scalars(select(Venue).where(Venue.slug == "harbour-room"))).one()
        for number in range(count):
            starts = now + timedelta(days=days + number)
            event_id = new_id("evt")
            names.append(f"Night {days} {number:03d}")
            tx.add(
                Event(
                    id=event_id, venue_id=venue.id, slug=f"night-{abs(days)}-{number}",
                    name=names[-1], city="Galway", timezone="Europe/Dublin", starts_at=starts,
                    ends_at=starts + timedelta(hours=2), state=EventState.PUBLISHED, created_at=now,
                )
            )  # fmt: skip
            if replay:
                tx.add(
                    Replay(
                        id=new_id("rpl"), venue_id=venue.id, event_id=event_id, kind="local",
                        source="film", available_from=starts, created_at=now,
                    )
                )  # fmt: skip
    return names


async def all_pages(hall: Hall, path: str, word: str) -> list[list[str]]:
    """The titles of each page, following the link with this word."""
    pages, seen = [], set()
    while path:
        assert path not in seen
        seen.add(path)
        answer = await hall.browser.get(path)
        assert answer.status_code == 200
        pages.append(TITLE.findall(answer.text))
        onward = re.search(rf'href="([^"]+)">{word}</a>', answer.text)
        path = onward[1].replace("&amp;", "&") if onward else ""
    return pages


async def test_a_long_season_is_turned_page_by_page_and_nothing_is_missed_or_doubled(
    hall: Hall,
) -> None:
    names = await add(hall, 60, days=40)
    pages = await all_pages(hall, HERE, "Later concerts")
    shown = [title for page in pages for title in page]
    assert [title for title in shown if title in names] == names
    assert len(pages) == 3
    assert max(len(page) for page in pages) <= 24
    later = await hall.browser.get(HERE)
    assert "Back to the first" not in later.text


async def test_old_recordings_have_pages_of_their_own(hall: Hall) -> None:
    names = await add(hall, 30, days=-100, replay=True)
    await add(hall, 30, days=-200)  # without recordings: nothing to watch
    pages = await all_pages(hall, HERE, "Older recordings")
    shown = [title for page in pages for title in page if title.startswith("Night")]
    assert shown == names[::-1]


async def test_the_front_page_goes_on_too(hall: Hall) -> None:
    names = await add(hall, 40, days=40)
    pages = await all_pages(hall, "/", "Later concerts")
    shown = [title for page in pages for title in page]
    assert [title for title in shown if title in names] == names
    assert len(shown) == len(set(shown))


async def test_a_made_up_page_is_refused_in_words(hall: Hall) -> None:
    answer = await hall.browser.get(f"{HERE}?after=nonsense")
    assert answer.status_code == 422


async def test_the_city_is_on_the_card_the_page_the_api_and_for_search_engines(hall: Hall) -> None:
    await add(hall, 1, days=40)
    assert "The Harbour Room, Galway" in (await hall.browser.get(HERE)).text
    page = (await hall.browser.get(f"{HERE}/events/night-40-0")).text
    assert "Galway" in re.sub(r"<script.*?</script>", "", page, flags=re.S)
    told = json.loads(re.findall(r"ld\+json\">(.*?)</script>", page, re.S)[0])
    assert told["location"]["address"]["addressLocality"] == "Galway"
    path = "/v1/catalogue/venues/harbour-room/events/night-40-0"
    answer = await hall.browser.get(path, headers={"accept": "application/json"})
    assert answer.json()["city"] == "Galway"


async def test_an_event_without_a_city_says_none(hall: Hall) -> None:
    event = await hall.event("maud-the-tides")
    await hall.change(event, city="")
    page = (await hall.browser.get("/venues/la-verriere/events/maud-the-tides")).text
    told = json.loads(re.findall(r"ld\+json\">(.*?)</script>", page, re.S)[0])
    assert "location" not in told
    assert "La Verrière," not in re.sub(r"<script.*?</script>", "", page, flags=re.S)
