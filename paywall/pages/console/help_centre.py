"""The help centre in the console: every article in every language, written, published, hidden."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted
from paywall.accounts.roles import Permission as P
from paywall.bridges import help_editing
from paywall.bridges.help_editing import Entry
from paywall.catalogue import prose
from paywall.pages.console import help_words
from paywall.pages.console.desk import Desk
from paywall.pages.console.flash import Undo
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.table import Cell, Filter, Link, Listing, Row, number_cell, show
from paywall.pages.console.typed import Typed, ask
from paywall.pages.help_view import category_title
from support_bot import own_articles
from support_bot.finding import plain
from support_bot.own_articles import ArticleEdit, NewArticle, TextEdit
from support_bot.shipped import languages

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}


@get("/console/{venue_id:str}/help", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every article: category, languages, whether readers get it, and whether it helped them."""
    _ = desk.gettext

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await help_editing.entries(tx, desk.venue.id, desk.locale.code)
        return [_row(desk, one) for one in found if _fits(desk, one)], None

    actions = [Link(_("New article"), desk.url("/help/new"))] if desk.may(P.SUPPORT_WRITE) else []
    return await show(
        desk,
        Listing(
            section="help",
            title=_("Help centre"),
            lead=_("What your viewers can look up by themselves, and what the bot answers from."),
            columns=[
                _("Article"), _("Category"), _("State"), _("Languages"), _("Your own"),
                _("Helped"), _("Did not help"),
            ],
            name="help",
            filters=[
                Filter("q", _("Search")),
                Filter("category", _("Category"), [("", _("All")), *_categories(desk)]),
                Filter("state", _("State"), help_words.state_options(desk)),
            ],
            actions=[
                *actions,
                Link(_("Read by native speakers"), desk.url("/help/languages")),
                Link(_("As viewers see it"), f"/venues/{desk.venue.slug}/help"),
            ],
        ),
        fetch,
    )  # fmt: skip


def _categories(desk: Desk) -> list[tuple[str, str]]:
    return [(one, category_title(desk.locale, one)) for one in own_articles.CATEGORIES]


def _fits(desk: Desk, one: Entry) -> bool:
    query = desk.request.query_params
    if query.get("category") and query["category"] != one.category:
        return False
    if query.get("state") and query["state"] not in help_words.states(one):
        return False
    return plain(query.get("q", "")[:100]) in plain(f"{one.title} {one.slug}")


def _row(desk: Desk, one: Entry) -> Row:
    word, tone = help_words.state_of(desk, one)
    return Row(
        [
            Cell(one.title, sub=one.slug),
            Cell(category_title(desk.locale, one.category), raw=one.category),
            Cell(word, tone=tone),
            number_cell(desk.locale, len(one.languages)),
            Cell(", ".join(one.own) or "–", raw=" ".join(one.own)),
            number_cell(desk.locale, one.votes.useful),
            number_cell(desk.locale, one.votes.not_useful),
        ],
        desk.url(f"/help/{one.slug}/{_start(desk, one)}"),
    )


def _start(desk: Desk, one: Entry) -> str:
    """The language to open: the venue's own, else one that is there."""
    own = desk.venue.locale if desk.venue.locale in languages() else "en"
    held = {*one.languages, *one.drafts}
    return own if own in held or not held else sorted(held)[0]


def text_inputs(desk: Desk) -> list[Input]:
    """The fields of a text."""
    _ = desk.gettext
    return [
        Input("title", _("Title"), required=True, attrs={"maxlength": "160"},
              hint=_("The question as a viewer would put it.")),
        Input("answer_md", _("Answer"), "textarea", required=True,
              attrs={"rows": "10", "maxlength": "8000"},
                hint=_("Markdown. Two to four sentences: first the answer, then what to do.")),
        Input("phrasings", _("Other ways to ask"), "textarea", attrs={"rows": "6"},
              hint=_("One a line, up to 40. Search and the bot learn from them.")),
    ]  # fmt: skip


def typed_text(typed: Typed) -> TextEdit:
    """The posted text."""
    lines = [line.strip() for line in typed.values.get("phrasings", "").splitlines()]
    return ask(
        TextEdit,
        title=typed.text("title"),
        answer_md=typed.values.get("answer_md", "").replace("\r\n", "\n").strip(),
        phrasings=[line for line in lines if line],
    )


def _new_form(desk: Desk) -> Form:
    _, asked = desk.gettext, desk.request.query_params
    own = desk.venue.locale if desk.venue.locale in languages() else "en"
    return Form(
        section="help", title=_("New article"), action=desk.url("/help/new"),
        submit=_("Create the article"),
        inputs=[
            Input("category", _("Category"), "select",
                  options=_categories(desk)),
            Input("lang", _("Language"), "select", options=help_words.language_options()),
            *text_inputs(desk),
        ],
        values={
            "category": "venue", "lang": own,
            # What a question that nobody answers brings along.
            **{name: asked.get(name, "")[:2000] for name in ("title", "phrasings")},
        },
        hidden={"form_id": new_id("art")},
        draft=f"{desk.venue.id}-article", trail=[Link(_("Help centre"), desk.url("/help"))],
        lead=_("It begins as a draft: viewers see it once you publish it."),
    )  # fmt: skip


@get("/console/{venue_id:str}/help/new", opt={"permission": P.SUPPORT_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """An empty article to fill in."""
    return show_form(desk, _new_form(desk))


@post("/console/{venue_id:str}/help/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Make the article with its first text, as a draft."""
    typed = await desk.typed()
    try:
        asked, text = ask(NewArticle, category=typed.text("category")), typed_text(typed)
        lang = typed.text("lang")
        async with desk.act() as act:
            article = await own_articles.create(
                act.tx, desk.venue.id, typed.fresh_id("art"), asked, text.title, act.machine_now
            )
            own = await own_articles.find(act.tx, desk.venue.id, article.slug)
            if own is None or lang not in own.texts:
                await own_articles.save(
                    act.tx, desk.venue.id, article.slug, lang, 0, text, actor=act.actor,
                    now=act.machine_now, publish=False,
                )  # fmt: skip
                await act.note("article.created", article.id, slug=article.slug, lang=lang)
    except Problem as problem:
        return show_form(desk, _new_form(desk), typed, problem)
    said = desk.gettext("The draft is saved. Publish it when it is right.")
    return desk.to(desk.url(f"/help/{article.slug}/{lang}"), said)


@post("/console/{venue_id:str}/help/preview", opt=WRITE)
async def preview(desk: NamedDependency[Desk]) -> Response[str]:
    """The typed answer as viewers would see it."""
    typed = await desk.typed()
    text = typed.values.get("answer_md", "")[:8000]
    return desk.fragment("help_preview.html", title=typed.text("title"), html=prose.html(text))


@post("/console/{venue_id:str}/help/{slug:str}/settings", opt=WRITE)
async def change(desk: NamedDependency[Desk], slug: FromPath[str]) -> Response[Any]:
    """Hide or show an article, set its texts apart, or move it to another category."""
    _, typed = desk.gettext, await desk.typed()
    back = desk.url(f"/help/{slug}/{typed.text('lang')}")
    members: dict[str, Any] = {}
    for name in ("hidden", "alone"):
        if name in typed.values:
            members[name] = typed.text(name) == "yes"
    if typed.text("category"):
        members["category"] = typed.text("category")
    try:
        asked = ask(ArticleEdit, **members)
        async with desk.act() as act:
            article = await own_articles.change(
                act.tx, desk.venue.id, slug, typed.version(), asked, act.machine_now
            )
            await act.note("article.changed", article.id, slug=slug, **members)
    except Problem as problem:
        return desk.to(back, desk.words_for(problem))
    undo = None
    said = _("Saved.")
    if "hidden" in members:
        said = _("Viewers don't get it any more.") if article.hidden else _("Viewers get it again.")
        fields = {
            "hidden": "no" if article.hidden else "yes", "version": str(article.version),
            "lang": typed.text("lang"),
        }  # fmt: skip
        undo = Undo(desk.url(f"/help/{slug}/settings"), fields)
    return desk.to(back, said, undo=undo)


PAGES = [listing, new, create, preview, change]
