"""Help articles of a venue, for apps: listed, searched, read, and whether they were useful."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from infra.kernel.bounds import Ask
from infra.kernel.errors import Invalid
from paywall.accounts.limits import VOTE_PER_NETWORK, enforce
from paywall.accounts.principal import Principal
from paywall.bridges.help import Shown
from paywall.catalogue import prose, venues
from paywall.http.caller import caller_of
from paywall.http.parts import Parts
from support_bot import article_votes
from support_bot.finding import first_sentence
from support_bot.languages import LANGUAGES, canonical

OPEN = {"public": True}

WantedLang = Annotated[
    str,
    QueryParameter(
        max_length=12,
        description=(
            "The reader's language, such as `fr` or `pt-BR`. An article that is not written in it"
            " comes in English, else French, else any, and `lang` of the answer says which."
        ),
    ),
]
Asked = Annotated[
    str,
    QueryParameter(
        max_length=200,
        description="What somebody types: words or beginnings; accents and case don't matter.",
    ),
]
InCategory = Annotated[str, QueryParameter(max_length=32, description="Only this category.")]


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a list."""

    slug: str
    category: str
    lang: Annotated[str, Meta(description="The language that title and summary are in.")]
    title: str
    summary: Annotated[str, Meta(description="The answer's first sentence, plain text.")]


class ArticleList(msgspec.Struct, frozen=True):
    """All of them: a venue has a few dozen. With `q` the best first, eight at most."""

    data: list[ArticleLine]


class ArticleView(msgspec.Struct, frozen=True, kw_only=True):
    """One article as readers get it."""

    slug: str
    category: str
    lang: str
    title: str
    answer_md: str
    answer_html: Annotated[str, Meta(description="Sanitised; fit to be put into a page.")]
    languages: Annotated[list[str], Meta(description="In which it can be read.")]


class ArticleVote(Ask, frozen=True):
    """Was it useful. `reader` is for apps whose readers are not signed in with us."""

    useful: bool
    word: Annotated[str, Meta(max_length=500, description="What was missing, or what helped.")] = ""
    reader: Annotated[
        str,
        Meta(
            max_length=100,
            description=(
                "A random text that your app keeps for one reader, 16 characters or more, so that"
                " a second vote takes the place of the first. Not needed with a session."
            ),
            examples=["9f2c7c5a1be84d0f"],
        ),
    ] = ""


def _lang(asked: str) -> str:
    code = canonical(asked)
    return code if code in LANGUAGES else "en"


def _line(one: Shown) -> ArticleLine:
    return ArticleLine(
        slug=one.article.slug,
        category=one.article.category,
        lang=one.lang,
        title=one.text.title,
        summary=first_sentence(one.text.answer),
    )


@get("/v1/catalogue/venues/{venue_slug:str}/articles", opt=OPEN)
async def listing(
    venue_slug: FromPath[str],
    parts: NamedDependency[Parts],
    lang: WantedLang = "en",
    q: Asked = "",
    category: InCategory = "",
) -> ArticleList:
    """List or search a venue's help articles.

    Search takes beginnings of words, forgives one slip of the finger, and knows how people ask,
    not only how the article is called.
    """
    async with parts.db.read() as tx:
        venue = await venues.by_slug(tx, venue_slug)
        shelf = await parts.help.at(tx, venue.id, _lang(lang))
    found = shelf.some(*(hit.article.slug for hit in shelf.find(q))) if q.strip() else shelf.all()
    return ArticleList([_line(o) for o in found if category in ("", o.article.category)])


@get("/v1/catalogue/venues/{venue_slug:str}/articles/{slug:str}", opt=OPEN)
async def read(
    venue_slug: FromPath[str],
    slug: FromPath[str],
    parts: NamedDependency[Parts],
    lang: WantedLang = "en",
) -> ArticleView:
    """Read one help article."""
    async with parts.db.read() as tx:
        venue = await venues.by_slug(tx, venue_slug)
        shelf = await parts.help.at(tx, venue.id, _lang(lang))
    one = shelf.get(slug)
    return ArticleView(
        slug=slug,
        category=one.article.category,
        lang=one.lang,
        title=one.text.title,
        answer_md=one.text.answer,
        answer_html=prose.html(one.text.answer),
        languages=shelf.languages(slug),
    )


@put(
    "/v1/catalogue/venues/{venue_slug:str}/articles/{slug:str}/vote",
    opt={**OPEN, "errors": (404, 422, 429)},
    status_code=204,
)
async def vote(
    request: Request[Any, Any, Any],
    venue_slug: FromPath[str],
    slug: FromPath[str],
    data: JSONBody[ArticleVote],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
    lang: WantedLang = "en",
) -> None:
    """Say whether an article was useful; the last vote of a reader counts."""
    await enforce(parts.limiter, (VOTE_PER_NETWORK, caller_of(request, parts).ip))
    who = principal.account_id or data.reader
    if not principal.account_id and len(data.reader) < 16:
        raise Invalid("reader", "Sign in, or send 16 random characters kept for this reader.")
    async with parts.db.transaction() as tx:
        venue = await venues.by_slug(tx, venue_slug)
        one = (await parts.help.at(tx, venue.id, _lang(lang))).get(slug)
        said = article_votes.Vote(useful=data.useful, word=data.word)
        reader = article_votes.reader_of(venue.id, who)
        now = parts.clock.machine()
        await article_votes.cast(tx, venue.id, slug, one.lang, reader, said, now)


ROUTES = [listing, read, vote]
