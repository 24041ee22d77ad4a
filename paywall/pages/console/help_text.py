"""One help article in one language: its editor, what its versions changed, and the way back."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, ApiKey
from paywall.bridges import help_editing
from paywall.bridges.help_editing import Text
from paywall.catalogue import prose
from paywall.pages.console import help_words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, show_form
from paywall.pages.console.help_centre import text_inputs, typed_text
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed
from paywall.pages.forms import Form as Shown
from paywall.pages.help_view import category_title
from paywall.pages.i18n import NAMES
from support_bot import article_votes, differences, own_articles

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
VERSIONS_SHOWN = 30


async def _page(
    desk: Desk, slug: str, lang: str, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        text = await help_editing.text_in(tx, desk.venue.id, slug, lang)
        versions = (await own_articles.versions(tx, desk.venue.id, slug, lang))[:VERSIONS_SHOWN]
        words = await article_votes.words(tx, desk.venue.id, slug)
        names = await _names(tx, {one.actor for one in versions})
    form = _form(desk, text)
    return show_form(
        desk,
        form,
        typed,
        problem,
        template="help_article.html",
        text=text,
        entry=text.entry,
        about=Shown({"category": text.entry.category}, {}),
        state=help_words.state_of(desk, text.entry),
        tabs=_tabs(desk, text),
        versions=versions,
        names=names,
        heard=words,
        preview_title=typed.text("title") if typed else text.edited.title,
        preview_html=prose.html(typed.text("answer_md") if typed else text.edited.answer),
        may_write=desk.may(P.SUPPORT_WRITE),
        public_url=f"/venues/{desk.venue.slug}/help/{slug}?lang={lang}",
        categories=[(one, category_title(desk.locale, one)) for one in own_articles.CATEGORIES],
        changed_from_ours=_from_ours(text),
    )


def _form(desk: Desk, text: Text) -> Form:
    _ = desk.gettext
    return Form(
        section="help", title=text.entry.title, submit=_("Publish"),
        action=desk.url(f"/help/{text.entry.slug}/{text.lang}"), inputs=text_inputs(desk),
        values={
            "title": text.edited.title,
            "answer_md": text.edited.answer,
            "phrasings": "\n".join(text.edited.phrasings),
        },
        hidden={"version": str(text.version)},
        draft=f"{desk.venue.id}-{text.entry.slug}-{text.lang}-{text.version}",
        trail=[Link(_("Help centre"), desk.url("/help"))],
    )  # fmt: skip


def _tabs(desk: Desk, text: Text) -> list[dict[str, Any]]:
    """Every language, with what readers of it get."""
    entry = text.entry
    tabs = []
    for code, name in help_words.language_options():
        state = "own" if code in entry.own else "ours" if code in entry.languages else "none"
        tabs.append(
            {
                "code": code,
                "name": name,
                "state": "draft" if code in entry.drafts else state,
                "url": desk.url(f"/help/{entry.slug}/{code}"),
                "current": code == text.lang,
            }
        )
    return tabs


def _from_ours(text: Text) -> list[differences.Piece]:
    """What the venue's newest text changes in the shipped one."""
    if text.shipped is None or text.newest is None:
        return []
    return differences.by_word(text.shipped.answer, text.newest.answer_md)


async def _names(tx: Tx, actors: set[str]) -> dict[str, str]:
    """Addresses of people and names of keys."""
    wanted = sorted(actors)
    people = await tx.execute(select(Account.id, Account.email).where(Account.id.in_(wanted)))
    keys = await tx.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(wanted)))
    return dict(people.all()) | dict(keys.all())


@get("/console/{venue_id:str}/help/{slug:str}/{lang:str}", opt=READ)
async def read(
    desk: NamedDependency[Desk], slug: FromPath[str], lang: FromPath[str]
) -> Response[Any]:
    """The article in this language, to read or to write."""
    return await _page(desk, slug, lang)


@post("/console/{venue_id:str}/help/{slug:str}/{lang:str}", opt=WRITE)
async def save(
    desk: NamedDependency[Desk], slug: FromPath[str], lang: FromPath[str]
) -> Response[Any]:
    """Save a new version: for viewers at once, or as a draft (`act=draft`)."""
    _, typed = desk.gettext, await desk.typed()
    draft = typed.text("act") == "draft"
    try:
        asked = typed_text(typed)
        async with desk.act() as act:
            text = await own_articles.save(
                act.tx, desk.venue.id, slug, lang, typed.version(), asked,
                actor=act.actor, now=act.machine_now, publish=not draft,
            )  # fmt: skip
            done = "article.drafted" if draft else "article.published"
            await act.note(done, text.article_id, slug=slug, lang=lang, number=text.latest)
    except Problem as problem:
        return await _page(desk, slug, lang, typed, problem)
    said = _("The draft is saved. Viewers still get what they got.") if draft else _("Published.")
    return desk.to(desk.url(f"/help/{slug}/{lang}"), said)


@post("/console/{venue_id:str}/help/{slug:str}/{lang:str}/withdraw", opt=WRITE)
async def withdraw(
    desk: NamedDependency[Desk], slug: FromPath[str], lang: FromPath[str]
) -> Response[Any]:
    """Take the venue's own text from viewers."""
    typed = await desk.typed()
    try:
        async with desk.act() as act:
            text = await own_articles.withdraw(
                act.tx, desk.venue.id, slug, lang, typed.version(), act.machine_now
            )
            await act.note("article.withdrawn", text.article_id, slug=slug, lang=lang)
    except Problem as problem:
        return desk.to(desk.url(f"/help/{slug}/{lang}"), desk.words_for(problem))
    said = desk.gettext("Your text is a draft again.")
    return desk.to(desk.url(f"/help/{slug}/{lang}"), said)


@get("/console/{venue_id:str}/help/{slug:str}/{lang:str}/versions/{number:str}", opt=READ)
async def version(
    desk: NamedDependency[Desk], slug: FromPath[str], lang: FromPath[str], number: FromPath[str]
) -> Response[Any]:
    """One version: what it changed in the one before, and what is different today."""
    wanted = own_articles.number_in(number)
    async with desk.look() as tx:
        text = await help_editing.text_in(tx, desk.venue.id, slug, lang)
        one = await own_articles.numbered(tx, desk.venue.id, slug, lang, wanted)
        before = None
        if wanted > 1:
            before = await own_articles.numbered(tx, desk.venue.id, slug, lang, wanted - 1)
        names = await _names(tx, {one.actor})
    older = own_articles.text_of(before) if before is not None else text.shipped
    return desk.page(
        "help_version.html",
        section="help",
        text=text,
        one=one,
        name=names.get(one.actor, one.actor),
        language=NAMES[lang],
        title_changes=differences.by_word(older.title if older else "", one.title),
        answer_changes=differences.by_word(older.answer if older else "", one.answer_md),
        phrasing_changes=differences.by_line(older.phrasings if older else (), one.phrasings),
        html=prose.html(one.answer_md),
        may_write=desk.may(P.SUPPORT_WRITE),
    )


@post("/console/{venue_id:str}/help/{slug:str}/{lang:str}/versions/{number:str}/restore", opt=WRITE)
async def restore(
    desk: NamedDependency[Desk], slug: FromPath[str], lang: FromPath[str], number: FromPath[str]
) -> Response[Any]:
    """Bring this version back, as a new one."""
    typed, wanted = await desk.typed(), own_articles.number_in(number)
    try:
        async with desk.act() as act:
            text = await own_articles.restore(
                act.tx, desk.venue.id, slug, lang, typed.version(), wanted,
                actor=act.actor, now=act.machine_now,
            )  # fmt: skip
            await act.note("article.restored", text.article_id, slug=slug, lang=lang, number=wanted)
    except Problem as problem:
        return desk.to(desk.url(f"/help/{slug}/{lang}"), desk.words_for(problem))
    said = desk.gettext("Version %(number)s is back.") % {"number": wanted}
    return desk.to(desk.url(f"/help/{slug}/{lang}"), said)


PAGES = [read, save, withdraw, version, restore]
