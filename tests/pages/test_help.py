"""The help centre as readers meet it: categories, articles, search, votes, the player's way in."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import select

from support_bot import own_articles
from support_bot.article_tables import SupportVote
from support_bot.own_articles import ArticleEdit, NewArticle, TextEdit
from tests.pages.world import Hall

HELP = "/venues/la-verriere/help"


async def venue_id(hall: Hall) -> str:
    return (await hall.event("kora-cello")).venue_id


async def write(hall: Hall, slug: str, lang: str, title: str, answer: str = "Yes.") -> None:
    """A published text of the venue's own."""
    at, now = await venue_id(hall), hall.clock.machine()
    wanted = TextEdit(title=title, answer_md=answer)
    async with hall.parts.db.transaction() as tx:
        found = await own_articles.find(tx, at, slug)
        version = found.texts[lang].version if found and lang in found.texts else 0
        await own_articles.save(
            tx, at, slug, lang, version, wanted, actor="acc_1", now=now, publish=True
        )


async def test_the_venues_help_lists_categories_and_leads_to_articles(hall: Hall) -> None:
    page = await hall.browser.get(HELP)
    assert page.status_code == 200
    assert "Getting in" in page.text
    assert "Picture and sound" in page.text
    assert f'href="{HELP}/cannot-watch"' in page.text
    assert "/venues/la-verriere/theme.css" in page.text


async def test_an_article_has_an_address_a_description_and_structured_data(hall: Hall) -> None:
    page = await hall.browser.get(f"{HELP}/refund-request")
    assert page.status_code == 200
    assert (
        f'<link rel="canonical" href="http://localhost:8000{HELP}/refund-request?lang=en">'
        in page.text
    )
    assert (
        f'hreflang="ar-EG" href="http://localhost:8000{HELP}/refund-request?lang=ar"' in page.text
    )
    assert f'hreflang="x-default" href="http://localhost:8000{HELP}/refund-request"' in page.text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text)
    assert block is not None
    told = json.loads(block[1])
    assert told["@type"] == "FAQPage"
    assert told["mainEntity"][0]["name"] in page.text
    assert re.search(r'<meta name="description" content="[^"]{40,160}">', page.text)


async def test_the_address_can_name_the_language_and_it_goes_along(hall: Hall) -> None:
    page = await hall.browser.get(f"{HELP}/cannot-watch?lang=ar")
    assert '<html lang="ar-EG" dir="rtl"' in page.text
    assert f'href="{HELP}?lang=ar"' in page.text
    assert f'name="next" value="{HELP}/cannot-watch"' in page.text
    wrong = await hall.browser.get(f"{HELP}/cannot-watch?lang=xx")
    assert '<html lang="en-GB"' in wrong.text


async def test_a_missing_language_falls_back_and_says_so(hall: Hall) -> None:
    at, now = await venue_id(hall), hall.clock.machine()
    async with hall.parts.db.transaction() as tx:
        new = NewArticle(category="venue", slug="parking")
        await own_articles.create(tx, at, "art_" + "0" * 26, new, "Parking", now)
    await write(hall, "parking", "en", "Where can I park?")
    danish = await hall.browser.get(f"{HELP}/parking?lang=da")
    assert "Where can I park?" in danish.text
    assert 'lang="en-GB" dir="ltr">Where can I park?' in danish.text
    assert "Dansk" in danish.text
    english = await hall.browser.get(f"{HELP}/parking?lang=en")
    assert 'role="status"' not in english.text.partition("help__answer")[0].partition("<main")[2]
    assert 'hreflang="da-DK"' not in danish.text


async def test_what_the_venue_writes_stands_over_what_ships_and_only_there(hall: Hall) -> None:
    await write(
        hall, "refund-request", "en", "Refunds at La Verrière", "Always, **until the doors**."
    )
    page = await hall.browser.get(f"{HELP}/refund-request")
    assert "Refunds at La Verrière" in page.text
    assert "<strong>until the doors</strong>" in page.text
    assert "Refunds at La Verrière" not in (await hall.browser.get("/help/refund-request")).text
    french = await hall.browser.get(f"{HELP}/refund-request?lang=fr")
    assert "Refunds at La Verrière" not in french.text


async def test_a_hidden_article_is_gone_everywhere(hall: Hall) -> None:
    at, now = await venue_id(hall), hall.clock.machine()
    async with hall.parts.db.transaction() as tx:
        hide = ArticleEdit(hidden=True)
        await own_articles.change(tx, at, "no-sound", 0, hide, now)
    assert (await hall.browser.get(f"{HELP}/no-sound")).status_code == 404
    assert "no-sound" not in (await hall.browser.get(HELP)).text
    assert "no-sound" not in (await hall.browser.get(f"{HELP}?q=no+sound")).text
    assert (await hall.browser.get("/help/no-sound")).status_code == 200


async def test_search_works_as_a_form_and_as_a_fragment(hall: Hall) -> None:
    whole = await hall.browser.get(HELP, params={"q": "refudn"})
    assert "<html" in whole.text
    assert f'href="{HELP}/refund-arrival"' in whole.text
    part = await hall.browser.get(HELP, params={"q": "refund"}, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "help__found" in part.text
    assert part.headers["vary"] == "HX-Request"
    none = await hall.browser.get(HELP, params={"q": "<b>zqxw</b>"})
    assert "Nothing found" in none.text
    assert "<b>zqxw" not in none.text


async def test_hostile_queries_are_only_queries(hall: Hall) -> None:
    for asked in ("x" * 20_000, "🎉" * 50, "'; drop table venue;--", "\u202e", "ab " * 4000):
        assert (await hall.browser.get(HELP, params={"q": asked})).status_code == 200


async def votes(hall: Hall) -> list[Any]:
    async with hall.parts.db.read() as tx:
        return list(await tx.scalars(select(SupportVote)))


async def test_a_reader_votes_once_and_may_change_it(hall: Hall) -> None:
    at = f"{HELP}/cannot-watch/vote"
    first = await hall.browser.post(at, data={"useful": "no"})
    assert (first.status_code, first.headers["location"]) == (303, f"{HELP}/cannot-watch#useful")
    await hall.browser.post(at, data={"useful": "yes", "word": "It\nworked " + "x" * 900})
    [vote] = await votes(hall)
    assert (vote.useful, vote.slug, vote.lang) == (True, "cannot-watch", "en")
    assert vote.word.startswith("It worked x")
    assert len(vote.word) == 500
    page = await hall.browser.get(f"{HELP}/cannot-watch")
    assert 'value="yes" aria-pressed="true"' in page.text
    async with hall.new_browser() as other:
        await other.post(at, data={"useful": "no"})
    assert len(await votes(hall)) == 2


async def test_a_vote_by_htmx_answers_with_the_thanks(hall: Hall) -> None:
    at = f"{HELP}/cannot-watch/vote"
    answer = await hall.browser.post(at, data={"useful": "no"}, headers={"HX-Request": "true"})
    assert "Thank you" in answer.text
    assert "<html" not in answer.text
    assert (await hall.browser.post(f"{HELP}/nothing/vote", data={})).status_code == 404


async def test_votes_from_one_place_have_an_end(hall: Hall) -> None:
    at, statuses = f"{HELP}/cannot-watch/vote", []
    for _ in range(62):
        async with hall.new_browser() as stranger:
            statuses.append((await stranger.post(at, data={"useful": "yes"})).status_code)
    assert statuses[59] == 303
    assert statuses[-1] == 429


async def test_the_footer_leads_to_the_venues_own_help(hall: Hall) -> None:
    page = await hall.browser.get("/venues/la-verriere")
    assert f'<a href="{HELP}">Help</a>' in page.text
    assert '<a href="/help">Help</a>' in (await hall.browser.get("/")).text


async def test_the_sitemap_names_halls_concerts_and_articles(hall: Hall) -> None:
    answer = await hall.browser.get("/sitemap.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    assert f"<loc>http://localhost:8000{HELP}/cannot-watch</loc>" in answer.text
    assert "<loc>http://localhost:8000/venues/la-verriere/events/kora-cello</loc>" in answer.text
    assert (
        f'hreflang="ja-JP" href="http://localhost:8000{HELP}/cannot-watch?lang=ja"' in answer.text
    )
    from xml.etree import ElementTree

    root = ElementTree.fromstring(answer.text)
    assert len(root) > 50
