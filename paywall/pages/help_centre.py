"""The help centre: a venue's, and the installation's own. Articles, search, was this useful."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.db import Tx
from infra.kernel.ids import new_secret
from paywall.accounts.limits import VOTE_PER_NETWORK, enforce
from paywall.accounts.principal import Principal
from paywall.bridges.help import Shelf, Shown
from paywall.catalogue.tables import Venue
from paywall.http.caller import LONGEST_S, caller_of
from paywall.pages import help_view
from paywall.pages.forms import go, posted
from paywall.pages.help_view import Addresses
from paywall.pages.i18n import LANGUAGES
from paywall.pages.on_show import venue_by_slug
from paywall.pages.site import HTML, AnyRequest, Site, Visit
from support_bot import article_votes
from support_bot.article_votes import Vote
from support_bot.finding import first_sentence

OPEN = {"public": True}
RELATED = 4
WORD_MAX = 500


class Reading(msgspec.Struct, frozen=True):
    """One reader at a help centre: the venue (none at the installation's), its articles, links."""

    visit: Visit
    venue: Venue | None
    shelf: Shelf
    at: Addresses


def visit_in(site: Site, request: AnyRequest) -> tuple[Visit, str]:
    """The visit, in the language that `?lang=` names if it is one of ours; and that language."""
    visit = site.visit(request)
    asked = request.query_params.get("lang", "")
    if asked not in LANGUAGES or not site.catalogues.speaks(asked):
        return visit, ""
    # The language menu comes back to `here`: the choice made there must not be overruled.
    here = request.scope["path"]
    locale = site.catalogues.translator(asked)
    return msgspec.structs.replace(visit, locale=locale, here=here), asked


async def reading(tx: Tx, site: Site, request: AnyRequest, slug: str) -> Reading:
    """Who reads at this venue's help; "" for the installation's."""
    visit, lang = visit_in(site, request)
    venue = await venue_by_slug(tx, slug) if slug else None
    shelf = await site.parts.help.at(tx, venue.id if venue else "", visit.locale.code)
    return Reading(visit, venue, shelf, Addresses(slug, lang))


@get("/help", opt=OPEN)
async def help_front(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The questions that come up while buying and watching, at whatever hall."""
    return await _front(request, site, "")


@get("/venues/{slug:str}/help", opt=OPEN)
async def venue_help(
    slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The venue's help: categories, and what is searched for (`?q=`)."""
    return await _front(request, site, slug)


async def _front(request: AnyRequest, site: Site, slug: str) -> Response[bytes]:
    asked = " ".join(request.query_params.get("q", "")[:200].split())
    async with site.parts.db.read() as tx:
        here = await reading(tx, site, request, slug)
    found = here.shelf.find(asked) if asked else []
    values: dict[str, Any] = {
        "asked": asked,
        "found": [help_view.line(hit, here.shelf.lang, here.at) for hit in found],
        "groups": help_view.groups(here.visit.locale, here.shelf, here.at),
        "at": here.at,
    }
    if request.headers.get("hx-request") == "true":
        template = site.environment.get_template("help_found.html")
        text = template.render({"locale": here.visit.locale, **values})
        headers = {"Cache-Control": "no-store", "Vary": "HX-Request"}
        return Response(text.encode(), media_type=HTML, headers=headers)
    spoken = [one.code for one in site.catalogues.languages()]
    head = help_view.head(site.parts.settings.public_url, here.at, "", here.shelf.lang, spoken)
    return await site.page(
        request, "help.html", venue=here.venue, visit=here.visit, headers={"Vary": "HX-Request"},
        head=head, visit_page="help", **values,
    )  # fmt: skip


@get("/help/{article:str}", opt=OPEN)
async def help_article(
    article: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """One article as it ships."""
    return await _article(request, site, "", article)


@get("/venues/{slug:str}/help/{article:str}", opt=OPEN)
async def venue_help_article(
    slug: FromPath[str],
    article: FromPath[str],
    request: AnyRequest,
    site: NamedDependency[Site],
) -> Response[bytes]:
    """One article of the venue's help."""
    return await _article(request, site, slug, article)


async def _article(request: AnyRequest, site: Site, slug: str, article: str) -> Response[bytes]:
    async with site.parts.db.read() as tx:
        here = await reading(tx, site, request, slug)
        one = here.shelf.get(article)
        said = None
        if here.venue is not None:
            who = _who(request, site, here.visit.principal)
            reader = article_votes.reader_of(here.venue.id, who)
            said = (
                await article_votes.of_reader(tx, here.venue.id, article, reader) if who else None
            )
    locale = here.visit.locale
    public_url = site.parts.settings.public_url
    return await site.page(
        request,
        "help_article.html",
        venue=here.venue,
        visit=here.visit,
        article={
            "slug": article,
            "title": one.text.title,
            "html": help_view.answer_html(one.text.answer),
            "tag": help_view.tag_of(one.lang),
            "dir": site.catalogues.translator(one.lang).dir if one.lang in LANGUAGES else "auto",
            "description": first_sentence(one.text.answer, help_view.DESCRIPTION_MAX),
            "category": help_view.category_title(locale, one.article.category),
        },
        instead=help_view.told_instead(
            locale, {t.code: t for t in site.catalogues.languages()}, one.lang
        ),
        related=_related(here, one),
        said=said,
        at=here.at,
        head=help_view.head(public_url, here.at, article, one.lang, here.shelf.languages(article)),
        structured=help_view.structured(one),
        visit_page="help",
    )


def _related(here: Reading, one: Shown) -> list[dict[str, str]]:
    """Others of its category."""
    others = [
        other
        for other in here.shelf.all()
        if other.article.category == one.article.category and other is not one
    ]
    return [help_view.line(other, here.shelf.lang, here.at) for other in others[:RELATED]]


@post("/venues/{slug:str}/help/{article:str}/vote", opt=OPEN, status_code=200)
async def vote(
    slug: FromPath[str],
    article: FromPath[str],
    request: AnyRequest,
    site: NamedDependency[Site],
) -> Response[bytes]:
    """Was this useful: yes or no, and a word if the reader likes. The last one counts."""
    typed = await posted(request)
    await enforce(site.parts.limiter, (VOTE_PER_NETWORK, caller_of(request, site.parts).ip))
    principal = site.visit(request).principal
    who = _who(request, site, principal)
    cookies = []
    if not who:
        who = new_secret(16)
        cookies.append(_reader_cookie(site, who))
    async with site.parts.db.transaction() as tx:
        here = await reading(tx, site, request, slug)
        one = here.shelf.get(article)
        assert here.venue is not None
        reader = article_votes.reader_of(here.venue.id, who)
        said = Vote(useful=typed.get("useful") == "yes", word=_one_line(typed.get("word", "")))
        now = site.parts.clock.machine()
        await article_votes.cast(tx, here.venue.id, article, one.lang, reader, said, now)
    if request.headers.get("hx-request") != "true":
        return go(here.at.article(article) + "#useful", *cookies)
    template = site.environment.get_template("help_vote.html")
    values = {"locale": here.visit.locale, "at": here.at, "article": {"slug": article}}
    text = template.render({**values, "said": said, "just_now": True})
    headers = {"Cache-Control": "no-store"}
    return Response(text.encode(), media_type=HTML, headers=headers, cookies=cookies)


def _one_line(word: str) -> str:
    return " ".join(word.split())[:WORD_MAX]


def _who(request: AnyRequest, site: Site, principal: Principal) -> str:
    """The account, else what this browser was given when it voted; empty: neither."""
    return principal.account_id or request.cookies.get(_cookie_name(site), "")[:64]


def _cookie_name(site: Site) -> str:
    return "__Host-pw_reader" if site.parts.settings.secure else "pw_reader"


def _reader_cookie(site: Site, secret: str) -> Cookie:
    """Set by a vote and by nothing else, so that the reader can change it."""
    return Cookie(
        key=_cookie_name(site), value=secret, max_age=LONGEST_S, path="/",
        secure=site.parts.settings.secure, httponly=True, samesite="lax",
    )  # fmt: skip
