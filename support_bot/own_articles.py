"""A venue's own help: written, published, hidden and brought back. Each takes part in the
caller's transaction; every change locks the venue's one SupportKnowledge row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from infra.kernel.bounds import UNSET, Ask, Name, Slug, Unset, changes
from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_id
from support_bot.article_tables import (
    SupportArticle,
    SupportKnowledge,
    SupportText,
    SupportVersion,
    TextState,
)
from support_bot.articles import Article, ArticleText, OwnKnowledge, read_index
from support_bot.languages import LANGUAGES

CATEGORIES = (
    "access", "quality", "devices", "payment", "refund", "tickets", "event", "presale",
    "subscription", "account", "privacy", "venue", "contact",
)  # fmt: skip
"""In the order in which readers see them; `venue` holds only what venues write themselves."""

ARTICLES_MAX = 500
"""Articles of one venue, so that a page or the bot never loads more than this."""
PHRASINGS_MAX = 40

Category = Annotated[str, Meta(pattern=f"^({'|'.join(CATEGORIES)})$", examples=["payment"])]
Lang = Annotated[
    str, Meta(pattern=f"^({'|'.join(LANGUAGES)})$", description="ISO 639-1.", examples=["fr"])
]
Answer = Annotated[
    str, Meta(min_length=1, max_length=8_000, description="Markdown; HTML in it is cut out.")
]
Phrasing = Annotated[str, Meta(min_length=1, max_length=160)]
Phrasings = Annotated[
    list[Phrasing], Meta(max_length=PHRASINGS_MAX, description="How people ask for it.")
]


class TextEdit(Ask, frozen=True):
    """An article's text in one language, as it shall be from now on."""

    title: Name
    answer_md: Answer
    phrasings: Phrasings = []  # noqa: RUF012 - msgspec copies it


class NewArticle(Ask, frozen=True):
    """An article of the venue's own. Give it the slug that its address shall end with."""

    category: Category
    slug: Slug | None = None


class ArticleEdit(Ask, frozen=True):
    """What to change; absent members stay as they are."""

    category: Category | Unset = UNSET
    hidden: bool | Unset = UNSET
    alone: bool | Unset = UNSET


class Own(msgspec.Struct, frozen=True):
    """One article of a venue with its texts by language, drafts too."""

    article: SupportArticle
    texts: dict[str, SupportText]


async def knowledge_revision(tx: Tx, venue_id: str) -> int:
    """Grows with every change that readers can see; 0 for a venue that changed nothing."""
    query = select(SupportKnowledge.revision).where(SupportKnowledge.venue_id == venue_id)
    return await tx.scalar(query) or 0


async def own_knowledge(tx: Tx, venue_id: str) -> OwnKnowledge:
    """What the venue published, hid and set apart; the same for pages, bot and command line."""
    rows = await tx.scalars(select(SupportArticle).where(SupportArticle.venue_id == venue_id))
    articles = list(rows)
    texts: dict[str, dict[str, ArticleText]] = {}
    published = (
        select(SupportText.article_id, SupportText.lang, SupportVersion)
        .join(
            SupportVersion,
            (SupportVersion.text_id == SupportText.id)
            & (SupportVersion.number == SupportText.published),
        )
        .where(SupportText.venue_id == venue_id, SupportText.state == TextState.PUBLISHED)
    )
    for article_id, lang, version in await tx.execute(published):
        texts.setdefault(article_id, {})[lang] = text_of(version)
    return OwnKnowledge(
        articles=[
            Article(one.slug, one.category, texts.get(one.id, {}))
            for one in sorted(articles, key=lambda one: one.id)
        ],
        hidden=frozenset(one.slug for one in articles if one.hidden),
        alone=frozenset(one.slug for one in articles if one.alone),
    )


def text_of(version: SupportVersion) -> ArticleText:
    """A saved version as readers and the bot get it."""
    return ArticleText(version.title, version.answer_md, tuple(version.phrasings))


async def all_own(tx: Tx, venue_id: str) -> dict[str, Own]:
    """Every article that the venue touched, by slug."""
    articles = await tx.scalars(select(SupportArticle).where(SupportArticle.venue_id == venue_id))
    by_id = {one.id: Own(one, {}) for one in articles}
    for text in await tx.scalars(select(SupportText).where(SupportText.venue_id == venue_id)):
        by_id[text.article_id].texts[text.lang] = text
    return {own.article.slug: own for own in by_id.values()}


async def find(tx: Tx, venue_id: str, slug: str) -> Own | None:
    """The venue's side of an article; None where it only ships, or does not exist."""
    article = await tx.scalar(_article(venue_id, slug))
    if article is None:
        return None
    texts = await tx.scalars(select(SupportText).where(SupportText.article_id == article.id))
    return Own(article, {text.lang: text for text in texts})


def _article(venue_id: str, slug: str) -> Any:
    return select(SupportArticle).where(
        SupportArticle.venue_id == venue_id, SupportArticle.slug == slug
    )


async def create(
    tx: Tx, venue_id: str, article_id: str, new: NewArticle, title: str, now: datetime
) -> SupportArticle:
    """Make an article of the venue's own; the one that is there, if it was made before.

    Nobody sees it before a text of it is published. `title` names it where no slug is given.
    """
    await _lock(tx, venue_id, now)
    known = await tx.get(SupportArticle, article_id)
    if known is not None and known.venue_id == venue_id:
        return known
    taken = set(
        await tx.scalars(select(SupportArticle.slug).where(SupportArticle.venue_id == venue_id))
    )
    if len(taken) >= ARTICLES_MAX:
        raise Conflict(f"A venue has at most {ARTICLES_MAX} articles. Hide or rewrite one.")
    slug = _free_slug(new.slug, title, article_id, taken | RESERVED | set(shipped_slugs()))
    article = _row(venue_id, article_id, slug, new.category, now)
    tx.add(article)
    await tx.flush()
    return article


RESERVED = frozenset({"ask", "contact", "search", "new", "languages"})
"""Names that addresses beside the articles' own already have."""


def _free_slug(wanted: str | None, title: str, article_id: str, taken: Iterable[str]) -> str:
    if wanted:
        if wanted in taken:
            raise Conflict(
                f"The address {wanted} is in use. Choose another.", field="slug", code="slug_taken"
            )
        return wanted
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss").replace("ø", "o"))
    latin = plain.encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:56].strip("-")
    stem = stem or article_id.replace("_", "-")
    names = [stem, *(f"{stem}-{number}" for number in range(2, ARTICLES_MAX + 60))]
    return next(name for name in names if name not in taken)


def shipped_slugs() -> dict[str, Article]:
    """What ships, by slug, without texts."""
    return {article.slug: article for article in read_index()}


def _row(venue_id: str, article_id: str, slug: str, category: str, now: datetime) -> SupportArticle:
    return SupportArticle(
        id=article_id, venue_id=venue_id, slug=slug, category=category, hidden=False, alone=False,
        version=1, created_at=now,
    )  # fmt: skip


async def change(
    tx: Tx, venue_id: str, slug: str, version: int, wanted: ArticleEdit, now: datetime
) -> SupportArticle:
    """Hide or show an article, set its texts apart, or move it to another category.

    `version` is the article's, 0 for one that ships and was never touched.
    """
    knowledge = await _lock(tx, venue_id, now)
    article = await _own_row(tx, venue_id, slug, now)
    if version != article.version:
        raise StaleEdit("Somebody changed this article meanwhile. Read it again.")
    for name, value in changes(wanted).items():
        setattr(article, name, value)
    article.version += 1
    _changed(knowledge, now)
    await tx.flush()
    return article


async def _own_row(tx: Tx, venue_id: str, slug: str, now: datetime) -> SupportArticle:
    """The venue's row of an article; made (version 0) for a shipped one at its first change."""
    fresh = _article(venue_id, slug).execution_options(populate_existing=True)
    article: SupportArticle | None = await tx.scalar(fresh)
    if article is None:
        ships = shipped_slugs().get(slug)
        if ships is None:
            raise NotFound("article")
        article = _row(venue_id, new_id("art"), slug, ships.category, now)
        article.version = 0
        tx.add(article)
        await tx.flush()
    return article


async def save(
    tx: Tx,
    venue_id: str,
    slug: str,
    lang: str,
    version: int,
    wanted: TextEdit,
    *,
    actor: str,
    now: datetime,
    publish: bool,
) -> SupportText:
    """Save a text as a new version, for readers at once or as a draft beside what they get.

    `version` is the text's, 0 where the venue has none in this language. `now` is machine time.
    """
    knowledge, text = await _open(tx, venue_id, slug, lang, version, now)
    _write(tx, text, wanted, actor, now, restored_from=0)
    if publish:
        _publish(text, knowledge, now)
    await tx.flush()
    return text


async def restore(
    tx: Tx,
    venue_id: str,
    slug: str,
    lang: str,
    version: int,
    number: int,
    *,
    actor: str,
    now: datetime,
) -> SupportText:
    """Bring an older version back: as a new one, and to readers if they had one."""
    knowledge, text = await _open(tx, venue_id, slug, lang, version, now)
    old = await _numbered(tx, text, number)
    wanted = TextEdit(title=old.title, answer_md=old.answer_md, phrasings=old.phrasings)
    _write(tx, text, wanted, actor, now, restored_from=number)
    if text.state is TextState.PUBLISHED:
        _publish(text, knowledge, now)
    await tx.flush()
    return text


async def publish(
    tx: Tx, venue_id: str, slug: str, lang: str, version: int, now: datetime
) -> SupportText:
    """Give readers the newest version."""
    knowledge, text = await _open(tx, venue_id, slug, lang, version, now, must_exist=True)
    text.version += 1
    _publish(text, knowledge, now)
    await tx.flush()
    return text


async def withdraw(
    tx: Tx, venue_id: str, slug: str, lang: str, version: int, now: datetime
) -> SupportText:
    """Take the venue's text from readers; where the article ships, they get ours again."""
    knowledge, text = await _open(tx, venue_id, slug, lang, version, now, must_exist=True)
    if text.state is TextState.DRAFT:
        return text
    text.move(TextState.DRAFT)
    text.published = 0
    text.version += 1
    _changed(knowledge, now)
    await tx.flush()
    return text


async def versions(tx: Tx, venue_id: str, slug: str, lang: str) -> list[SupportVersion]:
    """Every version of a text, newest first."""
    query = (
        select(SupportVersion)
        .join(SupportText, SupportText.id == SupportVersion.text_id)
        .join(SupportArticle, SupportArticle.id == SupportText.article_id)
        .where(
            SupportArticle.venue_id == venue_id,
            SupportArticle.slug == slug,
            SupportText.lang == lang,
        )
        .order_by(SupportVersion.number.desc())
        .limit(500)
    )
    return list(await tx.scalars(query))


def number_in(text: str) -> int:
    """A version's number as an address has it; NotFound for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise NotFound("version")
    return int(text)


async def numbered(tx: Tx, venue_id: str, slug: str, lang: str, number: int) -> SupportVersion:
    """One version of a text."""
    found = [one for one in await versions(tx, venue_id, slug, lang) if one.number == number]
    if not found:
        raise NotFound("version")
    return found[0]


async def newest(tx: Tx, venue_id: str, slug: str = "") -> dict[tuple[str, str], SupportVersion]:
    """The newest version by (slug, language), drafts too: what an editor goes on from."""
    query = (
        select(SupportArticle.slug, SupportText.lang, SupportVersion)
        .join(SupportArticle, SupportArticle.id == SupportText.article_id)
        .join(
            SupportVersion,
            (SupportVersion.text_id == SupportText.id)
            & (SupportVersion.number == SupportText.latest),
        )
        .where(SupportArticle.venue_id == venue_id)
    )
    if slug:
        query = query.where(SupportArticle.slug == slug)
    return {(one, lang): version for one, lang, version in await tx.execute(query)}


async def _numbered(tx: Tx, text: SupportText, number: int) -> SupportVersion:
    query = select(SupportVersion).where(
        SupportVersion.text_id == text.id, SupportVersion.number == number
    )
    found: SupportVersion | None = await tx.scalar(query)
    if found is None:
        raise NotFound("version")
    return found


async def _open(
    tx: Tx,
    venue_id: str,
    slug: str,
    lang: str,
    version: int,
    now: datetime,
    *,
    must_exist: bool = False,
) -> tuple[SupportKnowledge, SupportText]:
    """The locked row of changes and the text to change; StaleEdit where `version` is not its."""
    if lang not in LANGUAGES:
        raise Invalid("lang", f"Use one of {', '.join(LANGUAGES)}.")
    knowledge = await _lock(tx, venue_id, now)
    article = await _own_row(tx, venue_id, slug, now)
    query = select(SupportText).where(
        SupportText.article_id == article.id, SupportText.lang == lang
    )
    fresh = query.execution_options(populate_existing=True)
    text: SupportText | None = await tx.scalar(fresh)
    if text is None:
        if must_exist:
            raise NotFound("text")
        text = SupportText(
            id=new_id("atx"), venue_id=venue_id, article_id=article.id, lang=lang,
            state=TextState.DRAFT, latest=0, published=0, version=0,
        )  # fmt: skip
        tx.add(text)
    if text.version != version:
        raise StaleEdit("Somebody changed this text meanwhile. Read it again.")
    return knowledge, text


def _write(
    tx: Tx, text: SupportText, wanted: TextEdit, actor: str, now: datetime, *, restored_from: int
) -> None:
    text.latest += 1
    text.version += 1
    tx.add(
        SupportVersion(
            id=new_id("atv"),
            venue_id=text.venue_id,
            text_id=text.id,
            number=text.latest,
            title=wanted.title,
            answer_md=wanted.answer_md,
            phrasings=_distinct(wanted.phrasings),
            actor=actor,
            restored_from=restored_from,
            at=now,
        )
    )


def _distinct(phrasings: Sequence[str]) -> list[str]:
    """Each once, in order, without blank ones."""
    return list(dict.fromkeys(p.strip() for p in phrasings if p.strip()))


def _publish(text: SupportText, knowledge: SupportKnowledge, now: datetime) -> None:
    if text.state is TextState.DRAFT:
        text.move(TextState.PUBLISHED)
    text.published = text.latest
    _changed(knowledge, now)


def _changed(knowledge: SupportKnowledge, now: datetime) -> None:
    knowledge.revision += 1
    knowledge.changed_at = now


async def _lock(tx: Tx, venue_id: str, now: datetime) -> SupportKnowledge:
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    fresh = {"venue_id": venue_id, "revision": 0, "changed_at": now}
    await tx.execute(dialect.insert(SupportKnowledge).values(fresh).on_conflict_do_nothing())
    query = select(SupportKnowledge).where(SupportKnowledge.venue_id == venue_id)
    return (await tx.scalars(query.with_for_update())).one()
