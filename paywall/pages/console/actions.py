"""Actions in the console: ready ones, a form with a live count, a dry run, what each changed."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from churn.triggers import acts as acts_of
from churn.triggers import define, results, who
from churn.triggers.conditions import read as read_condition
from churn.triggers.ready import BY_KEY, READY, Ready
from churn.triggers.tables import ActionEffect, Trigger, TriggerState
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound, Problem
from infra.kernel.ids import new_id
from infra.kernel.paging import Place, Wanted
from paywall.accounts.roles import Permission as P
from paywall.mailings.clicks import SETTLES, clicks_of
from paywall.pages.console import action_form, action_words, condition_fields, words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, show_form
from paywall.pages.console.interval_plots import arms_of, treated_against_held_out
from paywall.pages.console.table import Cell, Link, Listing, Row, csv_answer, number_cell, show
from paywall.pages.console.typed import Typed
from paywall.pages.i18n import NAMES

READ = {"permission": P.MARKETING_READ}
WRITE = {"permission": P.MARKETING_WRITE, "page": True}


@get("/console/{venue_id:str}/actions", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venue's actions with their reach, spend and effect, newest first."""
    _ = desk.gettext

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await define.listed(tx, desk.venue.id, wanted)
        ids = [one.id for one in found.rows]
        reached = await results.reached(tx, ids, desk.now) if ids else {}
        effects = await results.latest_effects(tx, ids) if ids else {}
        rows = [_row(desk, one, reached[one.id], effects.get(one.id)) for one in found.rows]
        return rows, found.more

    may = desk.may(P.MARKETING_WRITE)
    actions = [Link(_("New action"), desk.url("/actions/new"))] if may else []
    return await show(
        desk,
        Listing(
            section="actions",
            title=_("Actions"),
            lead=_("What you do so that people stay, and whether it changes anything."),
            columns=[
                _("Name"), _("Effect"), _("State"), _("Does"), _("Reached"), _("Held out"),
                _("Spent this month"),
            ],
            name="actions",
            actions=[*actions, Link(_("Tasks"), desk.url("/tasks"))],
            empty_title=_("No action yet"),
            empty_text=_(
                "An action does something for people on an occasion, such as a mail when a card "
                "expires. A part of them gets nothing, so that you see what it changes."
            ),
        ),
        fetch,
    )  # fmt: skip


def _row(desk: Desk, one: Trigger, reached: results.Reached, effect: Any) -> Row:
    locale = desk.locale
    said, tone = action_words.verdict(locale, effect)
    kind: str = one.act["type"]
    acted, held_out = reached.acted, reached.held_out
    if one.simulated and effect is not None:  # its people are in the facts alone
        acted, held_out = effect.treated, effect.held_out
    return Row(
        [
            Cell(
                action_words.name_of(locale, one),
                sub=desk.gettext(action_words.OCCASIONS[one.occasion]),
            ),
            Cell(said, tone=tone),
            _state(desk, one),
            Cell(desk.gettext(action_words.KINDS[kind])),
            number_cell(locale, acted),
            number_cell(locale, held_out),
            Cell(
                action_words.money(locale, reached.month_minor, one.currency),
                raw=reached.month_minor, num=True,
            ),
        ],
        desk.url(f"/actions/{one.id}"),
    )  # fmt: skip


def _state(desk: Desk, one: Trigger) -> Cell:
    if one.simulated:
        return Cell(desk.gettext("Simulated"), tone="plain")
    return words.state_cell(desk.locale, one.state.value)


@get("/console/{venue_id:str}/actions/new", opt={"permission": P.MARKETING_WRITE})
async def new(desk: NamedDependency[Desk]) -> Response[Any]:
    """First what to start from; with `?ready=` or `?kind=` the form."""
    query = desk.request.query_params
    ready, kind = BY_KEY.get(query.get("ready", "")), query.get("kind", "")
    if ready is None and kind not in action_words.KINDS:
        return desk.page(
            "action_new.html", section="actions", ready=READY, names=action_words.READY,
            kinds=action_words.KINDS, sentences=action_words.KIND_SENTENCES,
            occasions=action_words.OCCASIONS,
        )  # fmt: skip
    return await _new_form(desk, ready, ready.kind if ready else kind)


async def _new_form(
    desk: Desk, ready: Ready | None, kind: str, typed: Typed | None = None,
    problem: Problem | None = None, root: condition_fields.Node | None = None,
) -> Response[Any]:  # fmt: skip
    values = action_form.values_to_start(ready, kind)
    if ready is not None:
        values["name"] = desk.gettext(action_words.READY[ready.key])
    key = ready.key if ready else ""
    return await _form(
        desk, kind, values, typed, problem,
        root=root or action_form.who_to_start(ready, desk.venue.currency),
        action=desk.url("/actions/new", ready=key, kind="" if key else kind),
        hidden={"form_id": new_id("trg"), "kind": kind},
        title=desk.gettext("New action"), submit=desk.gettext("Save the draft"), started=False,
    )  # fmt: skip


async def _form(
    desk: Desk, kind: str, values: dict[str, str], typed: Typed | None, problem: Problem | None,
    *, root: condition_fields.Node, action: str, hidden: dict[str, str], title: str, submit: str,
    started: bool, trail: tuple[Link, ...] = (),
) -> Response[Any]:  # fmt: skip
    async with desk.look() as tx:
        has = await action_form.choices(desk, tx)
    shown = values if typed is None else typed.values
    wanted = "" if typed is None else typed.text("language")
    known = {name.partition("_")[2]: 1 for name in shown if name.startswith("subject_")}
    languages = action_form.languages_of(desk, known, wanted)
    groups = action_form.groups(desk, kind, languages, has, started=started)
    form = Form(
        section="actions", title=title, action=action, submit=submit, values=values,
        inputs=[one for inputs in groups.values() for one in inputs], hidden=hidden,
        lead=desk.gettext(action_words.KIND_SENTENCES[kind]),
        trail=[Link(desk.gettext("Actions"), desk.url("/actions")), *trail],
    )  # fmt: skip
    return show_form(
        desk, form, typed, problem, template="action_form.html", groups=groups, root=root,
        features=action_words.group_options(desk.locale), ops=action_words.OPS, recount=False,
        modes=action_words.MODES, lettered=kind in action_form.LETTERED,
        other_languages=[(c, n) for c, n in NAMES.items() if c not in languages],
    )  # fmt: skip


def _edited(typed: Typed) -> condition_fields.Node | None:
    """The conditions after a button of theirs; None where the form itself was sent."""
    command = typed.text("do")
    if not command:
        return None
    return condition_fields.edited(condition_fields.from_fields(typed.values), command)


@post("/console/{venue_id:str}/actions/new", opt=WRITE)
async def create(desk: NamedDependency[Desk]) -> Response[Any]:
    """Store the draft; or, after a button of the conditions, the form again (without a script)."""
    typed = await desk.typed()
    kind = typed.text("kind")
    if kind not in action_words.KINDS:
        raise NotFound("kind of action")
    ready = BY_KEY.get(desk.request.query_params.get("ready", ""))
    if (root := _edited(typed)) is not None:
        return await _new_form(desk, ready, kind, typed, root=root)
    try:
        asked = action_form.read(desk, typed, kind, desk.venue.currency)
        async with desk.act() as act:
            await desk.parts.venue_acts.check(act.tx, desk.venue.id, asked.act, act.now)
            trigger_id = typed.fresh_id("trg")
            await define.create(act.tx, desk.venue.id, trigger_id, asked, now=act.now)
            await act.note("trigger.created", trigger_id)
    except Problem as problem:
        root = condition_fields.from_fields(typed.values)
        return await _new_form(desk, ready, kind, typed, problem, root)
    said = desk.gettext("The draft is there. Nothing happens until you start it.")
    return desk.to(desk.url(f"/actions/{trigger_id}"), said)


@post("/console/{venue_id:str}/actions/conditions", opt=WRITE)
async def edit_conditions(desk: NamedDependency[Desk]) -> Response[Any]:
    """The conditions after a button, for htmx. Nothing is stored."""
    typed = await desk.typed()
    root = _edited(typed) or condition_fields.from_fields(typed.values)
    return desk.fragment(
        "action_conditions.html", root=root, recount=True, ops=action_words.OPS,
        modes=action_words.MODES, features=action_words.group_options(desk.locale),
    )  # fmt: skip


@post("/console/{venue_id:str}/actions/count", opt=WRITE)
async def count(desk: NamedDependency[Desk]) -> Response[Any]:
    """Whom the form as it stands would concern today, for htmx. Nothing is stored."""
    typed = await desk.typed()
    kind = typed.text("kind")
    problem, counted = "", None
    try:
        if kind not in action_words.KINDS:
            raise NotFound("kind of action")
        asked = action_form.read(desk, typed, kind, desk.venue.currency)
        trigger_id = typed.text("trigger_id")
        trigger = define.draft_of(desk.venue.id, trigger_id[:32], asked, desk.now)
        async with desk.look() as tx:
            counted = await who.counts(tx, desk.parts.venue_acts, trigger, desk.now)
    except Problem as found:
        problem = desk.words_for(found)
    return desk.fragment("action_count.html", counted=counted, problem=problem)


async def _edit_form(
    desk: Desk, trigger_id: str, typed: Typed | None = None, problem: Problem | None = None,
    root: condition_fields.Node | None = None,
) -> Response[Any]:  # fmt: skip
    async with desk.look() as tx:
        trigger = await define.get(tx, desk.venue.id, trigger_id)
    if root is None:
        root = condition_fields.from_condition(read_condition(trigger.who), trigger.currency)
    return await _form(
        desk, trigger.act["type"], action_form.values_of(trigger), typed, problem, root=root,
        action=desk.url(f"/actions/{trigger_id}/edit"), title=trigger.name,
        hidden={
            "version": str(trigger.version), "kind": trigger.act["type"], "trigger_id": trigger.id
        },
        submit=desk.gettext("Save the action"), started=trigger.started_at is not None,
        trail=(Link(trigger.name, desk.url(f"/actions/{trigger_id}")),),
    )  # fmt: skip


@get("/console/{venue_id:str}/actions/{trigger_id:str}/edit", opt={"permission": P.MARKETING_WRITE})
async def edit_page(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """The form of a stored action."""
    return await _edit_form(desk, trigger_id)


@post("/console/{venue_id:str}/actions/{trigger_id:str}/edit", opt=WRITE)
async def edit(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """Store what was changed."""
    typed = await desk.typed()
    if (root := _edited(typed)) is not None:
        return await _edit_form(desk, trigger_id, typed, root=root)
    try:
        async with desk.act() as act:
            known = await define.get(act.tx, desk.venue.id, trigger_id)
            asked = action_form.read(desk, typed, known.act["type"], known.currency)
            await desk.parts.venue_acts.check(act.tx, desk.venue.id, asked.act, act.now)
            wanted = define.TriggerEdit(
                **{field: getattr(asked, field) for field in asked.__struct_fields__}
            )
            await define.edit(act.tx, desk.venue.id, trigger_id, typed.version(), wanted)
            await act.note("trigger.changed", trigger_id)
    except Problem as problem:
        root = condition_fields.from_fields(typed.values)
        return await _edit_form(desk, trigger_id, typed, problem, root)
    return desk.to(desk.url(f"/actions/{trigger_id}"), desk.gettext("Saved."))


@get("/console/{venue_id:str}/actions/{trigger_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """One action: what it does, whom it reached, what it changed."""
    async with desk.look() as tx:
        trigger = await define.get(tx, desk.venue.id, trigger_id)
        reached = (await results.reached(tx, [trigger_id], desk.now))[trigger_id]
        effect = (await results.latest_effects(tx, [trigger_id])).get(trigger_id)
        act = acts_of.read(trigger.act)
        clicks = None
        if isinstance(act, acts_of.Lettered) and not acts_of.is_service(act):
            clicks = await clicks_of(tx, trigger_id, desk.parts.clock.machine() - SETTLES)
        counted = None
        if trigger.state is not TriggerState.ENDED:
            counted = await who.counts(tx, desk.parts.venue_acts, trigger, desk.now)
    if effect is not None and desk.request.query_params.get("format") == "csv":
        return csv_answer("effect", _arm_columns(desk, effect), _arms(desk, effect))
    said, tone = action_words.verdict(desk.locale, effect)
    return desk.page(
        "action.html", section="actions", one=trigger,
        name=action_words.name_of(desk.locale, trigger),
        sentences=action_words.told(desk.locale, effect, running=trigger.ended_at is None),
        service=acts_of.is_service(act),
        texts=act.texts if isinstance(act, acts_of.Lettered) else {}, reached=reached,
        clicks=clicks,
        effect=effect, arms=_arms(desk, effect) if effect else [],
        arm_columns=_arm_columns(desk, effect) if effect else [],
        plot=treated_against_held_out(desk.locale, effect).as_json() if effect else "",
        counted=counted, verdict_text=said, verdict_tone=tone, aw=action_words,
        uplift=who.uplift_of(trigger), level=action_form.level_text(trigger),
        root=condition_fields.from_condition(read_condition(trigger.who), trigger.currency),
        may_write=desk.may(P.MARKETING_WRITE), kind=trigger.act["type"],
    )  # fmt: skip


def _arm_columns(desk: Desk, effect: ActionEffect) -> list[str]:
    _ = desk.gettext
    return [
        _("After %(days)s days") % {"days": effect.after_days}, _("Number of people"), _("Stayed"),
        _("95% interval"),
    ]  # fmt: skip


def _arms(desk: Desk, effect: ActionEffect) -> list[Row]:
    names = (desk.gettext("Treated"), desk.gettext("Held out"))
    rows = []
    for name, people, arm in zip(
        names, (effect.treated, effect.held_out), arms_of(effect), strict=True
    ):
        stayed, low, high = (desk.locale.share(one) for one in (arm.value, arm.low, arm.high))
        cells = [
            Cell(name),
            number_cell(desk.locale, people),
            Cell(stayed, raw=f"{arm.value:.4f}", num=True),
            Cell(f"{low} – {high}", raw=f"{arm.low:.4f} – {arm.high:.4f}", num=True),
        ]
        rows.append(Row(cells))
    return rows


@get("/console/{venue_id:str}/actions/{trigger_id:str}/people", opt=READ)
async def people(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """The dry run: each person whom the condition fits today, and what would happen and why."""
    _ = desk.gettext
    async with desk.look() as tx:
        trigger = await define.get(tx, desk.venue.id, trigger_id)
    named = desk.may(P.PEOPLE_READ) and desk.principal.strong

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        after = wanted.after.id if wanted.after is not None else ""
        looked = await who.dry_run(
            tx, desk.parts.venue_acts, trigger, desk.now, after=after, limit=wanted.limit
        )
        more = Place(None, looked[-1].person) if len(looked) == wanted.limit else None
        return [_looked(desk, trigger, one, named=named) for one in looked], more

    return await show(
        desk,
        Listing(
            section="actions",
            title=_("Who today"),
            lead=_("A dry run: nothing is done by looking."),
            columns=[_("Person"), _("Today"), _("Chance"), _("Brings a month")],
            name="who-today",
            trail=[
                Link(_("Actions"), desk.url("/actions")),
                Link(trigger.name, desk.url(f"/actions/{trigger.id}")),
            ],
            empty_title=_("Nobody today"),
            empty_text=_("The condition fits nobody as of the last refresh."),
        ),
        fetch,
    )


def _looked(desk: Desk, trigger: Trigger, one: who.Looked, *, named: bool) -> Row:
    locale = desk.locale
    person = (one.email if named else "") or one.person[:12]
    if one.arm is not None:
        outcome, tone = action_words.ARMS[one.arm.value], "good" if one.arm == "treated" else "warn"
    else:
        assert one.why is not None
        outcome, tone = action_words.WHYS[one.why.value], "plain"
    href = desk.url(f"/people/{one.customer_id}") if named and one.customer_id else ""
    chance = action_words.share(locale, one.chance)
    return Row(
        [
            Cell(person, sub=one.name if named else ""),
            Cell(desk.gettext(outcome), raw=one.arm or one.why, tone=tone),
            Cell(chance if one.scored else desk.gettext("%(chance)s, assumed") % {"chance": chance},
                 raw=f"{one.chance:.4f}", num=True),
            Cell(
                action_words.money(locale, one.month_minor, trigger.currency),
                raw=one.month_minor, num=True,
            ),
        ],
        href,
    )  # fmt: skip


@post("/console/{venue_id:str}/actions/{trigger_id:str}/start", opt=WRITE)
async def start(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """Begin, or go on."""
    try:
        async with desk.act() as act:
            trigger = await define.get(act.tx, desk.venue.id, trigger_id, lock=True)
            pointed = acts_of.read(trigger.act)
            await desk.parts.venue_acts.check(act.tx, desk.venue.id, pointed, act.now)
            await define.start(act.tx, trigger, now=act.now, machine_now=act.machine_now)
            await act.note("trigger.started", trigger_id)
    except Problem as problem:
        return desk.to(desk.url(f"/actions/{trigger_id}"), desk.words_for(problem))
    return desk.to(desk.url(f"/actions/{trigger_id}"), desk.gettext("It runs from now on."))


@post("/console/{venue_id:str}/actions/{trigger_id:str}/pause", opt=WRITE)
async def pause(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """Stop for a while."""
    async with desk.act() as act:
        trigger = await define.get(act.tx, desk.venue.id, trigger_id, lock=True)
        await define.pause(act.tx, trigger)
        await act.note("trigger.paused", trigger_id)
    said = desk.gettext("Paused. Nobody is drawn, and what is planned waits.")
    return desk.to(desk.url(f"/actions/{trigger_id}"), said)


@post("/console/{venue_id:str}/actions/{trigger_id:str}/end", opt=WRITE)
async def end(desk: NamedDependency[Desk], trigger_id: FromPath[str]) -> Response[Any]:
    """For good."""
    async with desk.act() as act:
        trigger = await define.get(act.tx, desk.venue.id, trigger_id, lock=True)
        await define.end(act.tx, trigger, now=act.now)
        await act.note("trigger.ended", trigger_id)
    return desk.to(desk.url(f"/actions/{trigger_id}"), desk.gettext("The action has ended."))


PAGES = [
    listing, new, create, edit_conditions, count, edit_page, edit, read, people, start, pause, end,
]  # fmt: skip
