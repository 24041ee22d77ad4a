"""What the bot learned: its versions, what agents taught it, what people ask and nobody wrote."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid, NotFound, Problem
from paywall.accounts.roles import Permission as P
from paywall.pages.console.bot_reasons import in_words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input, show_form
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed
from support_bot import learned
from support_bot.conversation_tables import (
    BotSettings,
    BotTask,
    BrainReport,
    ClusterState,
    LearnedExample,
    UnknownCluster,
)
from support_bot.training_reason import Why

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
MANAGE = {"permission": P.VENUE_MANAGE, "page": True}
EXAMPLES_SHOWN = 100
LEAST_BPS, MOST_BPS = 5000, 9990
HOURS_MAX = 24 * 90


def _form(desk: Desk, settings: BotSettings) -> Form:
    _ = desk.gettext
    hours = settings.refund_until_h
    return Form(
        section="assistant", title=_("Assistant"), action=desk.url("/assistant/settings"),
        submit=_("Save"),
        inputs=[
            Input(
                "precision", _("Share of direct answers that must be right, percent"), "amount",
                hint=_("95 is usual. Higher: the assistant answers less and hands over more."),
            ),
            Input(
                "refund_hours", _("Viewers give tickets back until, hours before the start"),
                "number",
                hint=_("Only whole, paid and never played stream tickets. Empty: they can’t."),
            ),
        ],
        values={
            "precision": f"{settings.wanted_precision_bps / 100:g}",
            "refund_hours": "" if hours is None else str(hours),
        },
    )  # fmt: skip


async def _page(
    desk: Desk, typed: Typed | None = None, problem: Problem | None = None
) -> Response[Any]:
    async with desk.look() as tx:
        settings = await learned.settings_of(tx, desk.venue.id)
        reports = await learned.reports(tx, desk.venue.id)
        examples, taught = await _examples(tx, desk.venue.id)
        clusters = await _clusters(tx, desk.venue.id)
    return show_form(
        desk, _form(desk, settings), typed, problem, template="assistant.html",
        settings=settings, reports=[_report(desk, one) for one in reports], examples=examples,
        taught=taught, clusters=[(one, _article_url(desk, one)) for one in clusters],
        may_write=desk.may(P.SUPPORT_WRITE), may_manage=desk.may(P.VENUE_MANAGE),
        waiting=settings.task.value,
    )  # fmt: skip


async def _examples(tx: Tx, venue_id: str) -> tuple[list[LearnedExample], int]:
    mine = [LearnedExample.venue_id == venue_id, LearnedExample.dropped_at.is_(None)]
    query = (
        select(LearnedExample).where(*mine).order_by(LearnedExample.at.desc()).limit(EXAMPLES_SHOWN)
    )
    total = await tx.scalar(select(func.count()).select_from(LearnedExample).where(*mine))
    return list(await tx.scalars(query)), total or 0


async def _clusters(tx: Tx, venue_id: str) -> list[UnknownCluster]:
    query = (
        select(UnknownCluster)
        .where(UnknownCluster.venue_id == venue_id, UnknownCluster.state == ClusterState.OPEN)
        .order_by(UnknownCluster.size.desc(), UnknownCluster.id)
    )
    return list(await tx.scalars(query))


def _report(desk: Desk, one: BrainReport) -> dict[str, Any]:
    why = one.figures.get("why")  # not kept by the first reports, which are sentences
    after = one.figures.get("after") or one.figures.get("before") or {}
    return {
        "at": one.at, "task": one.task.value, "accepted": one.accepted,
        "why": in_words(desk.locale, msgspec.convert(why, Why)) if why else one.why,
        "version": one.version, "examples": after.get("examples"),
        "precision": after.get("precision"), "coverage": after.get("coverage"),
        "accuracy": after.get("accuracy"),
    }  # fmt: skip


def _article_url(desk: Desk, cluster: UnknownCluster) -> str:
    """The editor of a new article, with the questions as ways to ask."""
    filled = {"title": cluster.title[:160], "phrasings": "\n".join(cluster.questions)[:1500]}
    return desk.url("/help/new") + "?" + urlencode(filled)


@get("/console/{venue_id:str}/assistant", opt=READ)
async def show(desk: NamedDependency[Desk]) -> Response[Any]:
    """What people ask that nobody wrote, what was learned, and how well it went."""
    return await _page(desk)


@post("/console/{venue_id:str}/assistant/settings", opt=MANAGE)
async def save(desk: NamedDependency[Desk]) -> Response[Any]:
    """How sure the bot must be, and what viewers may do by themselves."""
    typed = await desk.typed()
    try:
        bps = typed.bps("precision", 9500) or 0
        if not LEAST_BPS <= bps <= MOST_BPS:
            raise Invalid("precision", N_("Choose between 50 and 99.9 percent."))
        hours = typed.whole("refund_hours")
        if hours is not None and not 0 <= hours <= HOURS_MAX:
            raise Invalid("refund_hours", N_("Choose between 0 and 2160 hours."))
        async with desk.act() as act:
            row = await learned.own_settings(act.tx, desk.venue.id)
            row.wanted_precision_bps, row.refund_until_h = bps, hours
            await act.note(
                "assistant.changed", desk.venue.id, precision_bps=bps, refund_until_h=hours
            )
    except Problem as problem:
        return await _page(desk, typed, problem)
    return desk.to(desk.url("/assistant"), desk.gettext("Saved."))


@post("/console/{venue_id:str}/assistant/training", opt=WRITE)
async def train(desk: NamedDependency[Desk]) -> Response[Any]:
    """Learn now, use what was refused, or go a version back: a worker does it."""
    typed = await desk.typed()
    wanted = typed.text("task")
    if wanted not in (BotTask.TRAIN, BotTask.ACCEPT, BotTask.BACK):
        raise NotFound("task")
    async with desk.act() as act:
        await learned.schedule(act.tx, desk.venue.id, BotTask(wanted), act.machine_now)
        await act.note("assistant.task", desk.venue.id, task=wanted)
    said = desk.gettext("It begins within seconds. The result appears here when it is done.")
    return desk.to(desk.url("/assistant") + "#versions", said)


@post("/console/{venue_id:str}/assistant/examples/{example_id:str}/drop", opt=WRITE)
async def drop(desk: NamedDependency[Desk], example_id: FromPath[str]) -> Response[Any]:
    """Teach a question no more."""
    try:
        async with desk.act() as act:
            row = await learned.drop_example(act.tx, desk.venue.id, example_id, act.machine_now)
            await act.note("assistant.example_dropped", row.id, article=row.intent)
    except Problem as problem:
        return desk.to(desk.url("/assistant"), desk.words_for(problem))
    said = desk.gettext("It is taught no more, from the next version on.")
    return desk.to(desk.url("/assistant") + "#taught", said)


@post("/console/{venue_id:str}/assistant/questions/{cluster_id:str}/dismiss", opt=WRITE)
async def dismiss(desk: NamedDependency[Desk], cluster_id: FromPath[str]) -> Response[Any]:
    """Put a group of questions aside; it stays aside while its questions are the same."""
    async with desk.act() as act:
        cluster = await act.tx.get(UnknownCluster, cluster_id)
        if cluster is None or cluster.venue_id != desk.venue.id:
            return desk.to(desk.url("/assistant"), desk.words_for(NotFound("question")))
        cluster.state = ClusterState.DISMISSED
        await act.note("assistant.question_dismissed", cluster.id)
    return desk.to(desk.url("/assistant"), desk.gettext("Put aside."))


PAGES = [show, save, train, drop, dismiss]
