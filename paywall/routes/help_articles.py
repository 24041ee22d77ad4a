"""A venue's help centre, for its staff: what ships and what the venue wrote, with every version.

An article is known by its slug; the ones that ship are there from the start. Texts are edited a
language at a time: read the text, send the whole text back with its ETag, `"v0"` where the venue
has none in that language yet. Readers get a text once it is published.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.errors import NotFound
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.bridges import help_editing
from paywall.bridges.help_editing import Entry, Text
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.parts import Parts
from paywall.http.views import utc
from support_bot import article_votes, own_articles
from support_bot.article_tables import SupportArticle, SupportVersion
from support_bot.own_articles import ArticleEdit, NewArticle, TextEdit

READ = {"permission": Permission.SUPPORT_READ}
WRITE = {"permission": Permission.SUPPORT_WRITE}

TitleLang = Annotated[
    str, QueryParameter(max_length=8, description="The language of the titles in the list.")
]


class HelpArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article: shipped, changed or the venue's own."""

    slug: str
    title: str
    category: str
    ships: bool
    hidden: bool
    alone: bool
    """Only the venue's own texts are shown."""
    languages: list[str]
    """In which readers get it without falling back."""
    own_languages: list[str]
    """In which readers get the venue's own text."""
    drafts: list[str]
    """In which a save waits to be published."""
    useful: int
    not_useful: int
    version: int


class HelpArticles(msgspec.Struct, frozen=True):
    """Every article: there are never more than a few hundred."""

    data: list[HelpArticle]


class MadeArticle(msgspec.Struct, frozen=True, kw_only=True):
    """A new article of the venue's own: nobody sees it before a text of it is published."""

    id: Id
    slug: str
    category: str
    version: int


class TextBody(msgspec.Struct, frozen=True, kw_only=True):
    """A title, an answer in Markdown, and how people ask for it."""

    title: str
    answer_md: str
    phrasings: list[str]


class HelpText(msgspec.Struct, frozen=True, kw_only=True):
    """An article in one language."""

    slug: str
    lang: str
    edited: TextBody
    """The newest save, published or not; else what ships; else empty."""
    shipped: TextBody | None
    shown: TextBody | None
    """What readers of the language get; null: they fall back to another language."""
    latest_number: int
    published_number: int
    """0: readers don't get a text of the venue's own."""
    version: int


class TextVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One save."""

    number: int
    title: str
    answer_md: str
    phrasings: list[str]
    actor: str
    restored_from: int
    at: Moment


class TextVersions(msgspec.Struct, frozen=True):
    """Newest first."""

    data: list[TextVersion]


class VoteWord(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader wrote."""

    useful: bool
    word: str
    lang: str
    at: Moment


class VoteWords(msgspec.Struct, frozen=True, kw_only=True):
    """What readers said of an article: counts of all, the newest 50 words."""

    useful: int
    not_useful: int
    words: list[VoteWord]


def article_view(one: Entry) -> HelpArticle:
    return HelpArticle(
        slug=one.slug,
        title=one.title,
        category=one.category,
        ships=one.ships,
        hidden=one.hidden,
        alone=one.alone,
        languages=one.languages,
        own_languages=one.own,
        drafts=one.drafts,
        useful=one.votes.useful,
        not_useful=one.votes.not_useful,
        version=one.version,
    )


def _body(text: Any) -> TextBody | None:
    if text is None:
        return None
    return TextBody(title=text.title, answer_md=text.answer, phrasings=list(text.phrasings))


def text_view(one: Text) -> HelpText:
    edited = _body(one.edited)
    assert edited is not None
    return HelpText(
        slug=one.entry.slug,
        lang=one.lang,
        edited=edited,
        shipped=_body(one.shipped),
        shown=_body(one.shown),
        latest_number=one.row.latest if one.row is not None else 0,
        published_number=one.row.published if one.row is not None else 0,
        version=one.version,
    )


def version_view(one: SupportVersion) -> TextVersion:
    return TextVersion(
        number=one.number,
        title=one.title,
        answer_md=one.answer_md,
        phrasings=one.phrasings,
        actor=one.actor,
        restored_from=one.restored_from,
        at=utc(one.at),
    )


def _made(article: SupportArticle) -> MadeArticle:
    return MadeArticle(
        id=article.id, slug=article.slug, category=article.category, version=article.version
    )


@get("/v1/venues/{venue_id:str}/articles", opt=READ)
async def listing(
    venue_id: FromPath[str], parts: NamedDependency[Parts], lang: TitleLang = "en"
) -> HelpArticles:
    """List every article with its languages and votes, hidden ones and drafts too."""
    async with look_at(parts, venue_id) as look:
        found = await help_editing.entries(look.tx, venue_id, lang)
    return HelpArticles([article_view(one) for one in found])


@post("/v1/venues/{venue_id:str}/articles", opt={**WRITE, "idempotent": "accepted"})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[NewArticle],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[MadeArticle]:
    """Make an article of the venue's own. Put its texts next, a language at a time."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            name = data.slug or resume.resource_id.replace("_", "-")
            article = await own_articles.create(
                act.tx, venue_id, resume.resource_id, data, name, act.machine_now
            )
            await act.note("article.created", article.id, slug=article.slug)
        return Answer(201, _made(article), {})

    return await once(request, parts, principal, "art", run)


async def _entry(parts: Parts, venue_id: str, slug: str) -> Entry:
    async with look_at(parts, venue_id) as look:
        found = await help_editing.entries(look.tx, venue_id, "en")
    for one in found:
        if one.slug == slug:
            return one
    raise NotFound("article")


@get("/v1/venues/{venue_id:str}/articles/{slug:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], slug: FromPath[str], parts: NamedDependency[Parts]
) -> Response[HelpArticle]:
    """Read one article: its category, languages and votes."""
    one = await _entry(parts, venue_id, slug)
    return tagged(article_view(one), one.version)


@patch("/v1/venues/{venue_id:str}/articles/{slug:str}", opt={**WRITE, "edit": True})
async def change(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    slug: FromPath[str],
    data: JSONBody[ArticleEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[HelpArticle]:
    """Hide or show an article, set its own texts apart, or move it to another category."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        article = await own_articles.change(act.tx, venue_id, slug, version, data, act.machine_now)
        await act.note("article.changed", article.id, slug=slug, fields=sorted(changes(data)))
    one = await _entry(parts, venue_id, slug)
    return tagged(article_view(one), one.version)


@get("/v1/venues/{venue_id:str}/articles/{slug:str}/votes", opt=READ)
async def votes(
    venue_id: FromPath[str], slug: FromPath[str], parts: NamedDependency[Parts]
) -> VoteWords:
    """Read what readers said of an article."""
    one = await _entry(parts, venue_id, slug)
    async with look_at(parts, venue_id) as look:
        words = await article_votes.words(look.tx, venue_id, slug)
    return VoteWords(
        useful=one.votes.useful,
        not_useful=one.votes.not_useful,
        words=[VoteWord(useful=w.useful, word=w.word, lang=w.lang, at=utc(w.at)) for w in words],
    )


async def _text(parts: Parts, venue_id: str, slug: str, lang: str) -> Response[HelpText]:
    async with look_at(parts, venue_id) as look:
        one = await help_editing.text_in(look.tx, venue_id, slug, lang)
    return tagged(text_view(one), one.version)


@get("/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}", opt={**READ, "tagged": True})
async def read_text(
    venue_id: FromPath[str], slug: FromPath[str], lang: FromPath[str], parts: NamedDependency[Parts]
) -> Response[HelpText]:
    """Read an article in one language: the newest save, what ships, what readers get."""
    return await _text(parts, venue_id, slug, lang)


@put("/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}", opt={**WRITE, "edit": True})
async def save_text(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    slug: FromPath[str],
    lang: FromPath[str],
    data: JSONBody[TextEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
    *,
    publish: Annotated[
        bool, QueryParameter(description="false: save a draft; readers keep what they get.")
    ] = True,
) -> Response[HelpText]:
    """Save a text as a new version, and publish it unless told otherwise."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        text = await own_articles.save(
            act.tx, venue_id, slug, lang, version, data,
            actor=act.actor, now=act.machine_now, publish=publish,
        )  # fmt: skip
        done = "article.published" if publish else "article.drafted"
        await act.note(done, text.article_id, slug=slug, lang=lang, number=text.latest)
    return await _text(parts, venue_id, slug, lang)


@post(
    "/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}/publish",
    opt={**WRITE, "edit": True},
    status_code=200,
)
async def publish_text(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    slug: FromPath[str],
    lang: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[HelpText]:
    """Give readers the newest save."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        text = await own_articles.publish(act.tx, venue_id, slug, lang, version, act.machine_now)
        await act.note(
            "article.published", text.article_id, slug=slug, lang=lang, number=text.latest
        )
    return await _text(parts, venue_id, slug, lang)


@post(
    "/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}/withdraw",
    opt={**WRITE, "edit": True},
    status_code=200,
)
async def withdraw_text(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    slug: FromPath[str],
    lang: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[HelpText]:
    """Take the venue's text from readers; where the article ships, they get that again."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        text = await own_articles.withdraw(act.tx, venue_id, slug, lang, version, act.machine_now)
        await act.note("article.withdrawn", text.article_id, slug=slug, lang=lang)
    return await _text(parts, venue_id, slug, lang)


@get("/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}/versions", opt=READ)
async def versions(
    venue_id: FromPath[str], slug: FromPath[str], lang: FromPath[str], parts: NamedDependency[Parts]
) -> TextVersions:
    """List every save of a text, newest first, the latest 500."""
    async with look_at(parts, venue_id) as look:
        found = await own_articles.versions(look.tx, venue_id, slug, lang)
    return TextVersions([version_view(one) for one in found])


@post(
    "/v1/venues/{venue_id:str}/articles/{slug:str}/texts/{lang:str}/versions/{number:str}/restore",
    opt={**WRITE, "edit": True},
    status_code=200,
)
async def restore(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    slug: FromPath[str],
    lang: FromPath[str],
    number: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[HelpText]:
    """Bring an older save back, as a new one; readers get it if they had one of the venue's."""
    version, wanted = edited_version(request), own_articles.number_in(number)
    async with act_at(parts, principal, venue_id) as act:
        text = await own_articles.restore(
            act.tx, venue_id, slug, lang, version, wanted, actor=act.actor, now=act.machine_now
        )
        await act.note("article.restored", text.article_id, slug=slug, lang=lang, number=wanted)
    return await _text(parts, venue_id, slug, lang)


ROUTES = [
    *[listing, create, read, change, votes],
    *[read_text, save_text, publish_text, withdraw_text, versions, restore],
]
