"""Actions that keep people, for a venue's staff: when, for whom, what, and what it changed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from churn.effects import Verdict
from churn.triggers import acts as acts_of
from churn.triggers import conditions, define, results, who
from churn.triggers.acts import Act
from churn.triggers.conditions import Condition
from churn.triggers.tables import ActionEffect, Arm, Trigger, TriggerState
from infra.kernel.bounds import Id, Moment, changes
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.http.acts import act_at, look_at
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money, utc, utc_or_none

READ = {"permission": Permission.MARKETING_READ}
WRITE = {"permission": Permission.MARKETING_WRITE}
After = Annotated[
    str, QueryParameter(max_length=32, description="`next_after` of the answer before.")
]
EXAMPLE_WHO = {
    "type": "all",
    "of": [
        {"type": "compare", "feature": "subscribed", "op": "eq", "value": 1},
        {"type": "one_of", "feature": "country", "values": ["FR", "BE"]},
    ],
}
EXAMPLE_ACT = {
    "type": "mail",
    "texts": {"en": {"subject": "We miss you, {name}", "body_md": "Three concerts this week."}},
    "service": False,
}
EXAMPLE = {
    "name": "Three quiet weeks",
    "occasion": "silent",
    "level": 21,
    "who": EXAMPLE_WHO,
    "act": EXAMPLE_ACT,
    "cost": {"amount": 1, "currency": "EUR"},
    "budget": {"amount": 10_000, "currency": "EUR"},
}


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    """One action as it is defined."""

    id: Id
    name: str
    state: TriggerState
    occasion: str
    level: float | None
    who: Annotated[Condition, Meta(examples=[EXAMPLE_WHO])]
    act: Annotated[Act, Meta(examples=[EXAMPLE_ACT])]
    delay_s: int
    again_after_days: int | None
    rest_days: int
    quiet_from: str
    quiet_until: str
    not_during_case: bool
    cost: MoneyView
    budget: MoneyView
    value_months: int
    uplift_bps: int
    measured_bps: int | None
    holdout_bps: int
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    version: int


def view(row: Trigger) -> TriggerView:
    return TriggerView(
        id=row.id,
        name=row.name,
        state=row.state,
        occasion=row.occasion,
        level=row.level,
        who=conditions.read(row.who),
        act=acts_of.read(row.act),
        delay_s=row.delay_s,
        again_after_days=row.again_after_days,
        rest_days=row.rest_days,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
        not_during_case=row.not_during_case,
        cost=money(Money(row.cost_minor, row.currency)),
        budget=money(Money(row.budget_minor, row.currency)),
        value_months=row.value_months,
        uplift_bps=row.uplift_bps,
        measured_bps=row.measured_bps,
        holdout_bps=row.holdout_bps,
        created_at=utc(row.created_at),
        started_at=utc_or_none(row.started_at),
        ended_at=utc_or_none(row.ended_at),
        version=row.version,
    )


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """How many people it concerns today, step by step. `treated` and `held_out` are estimates."""

    meeting: int
    customers: int
    may_be_reached: int
    treated: int
    held_out: int
    unscored: int


class LookedView(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a dry run: the arm that they would be drawn into, or why they are not."""

    person: str
    customer_id: Id | None
    chance: float
    value_month: MoneyView
    arm: Arm | None
    why: who.Why | None


class DryRunView(msgspec.Struct, frozen=True):
    data: list[LookedView]
    next_after: str | None
    """Send it as `after` for the next people; null at the end."""


class EffectView(msgspec.Struct, frozen=True, kw_only=True):
    """Treated against held out `after_days` after the draw: shares kept, their difference with an
    interval that may be read any day, and the money kept in `months` months."""

    as_of: Moment
    after_days: int
    months: int
    treated: int
    held_out: int
    kept_treated: float
    kept_held_out: float
    effect: float
    low: float
    high: float
    money_kept: MoneyView
    money_low: MoneyView | None
    money_high: MoneyView | None
    cost: MoneyView
    verdict: Verdict
    more_people: int


def effect_view(row: ActionEffect) -> EffectView:
    def amount(minor: int) -> MoneyView:
        return money(Money(minor, row.currency))

    return EffectView(
        as_of=utc(row.as_of),
        after_days=row.after_days,
        months=row.months,
        treated=row.treated,
        held_out=row.held_out,
        kept_treated=row.kept_treated,
        kept_held_out=row.kept_held_out,
        effect=row.effect,
        low=row.low,
        high=row.high,
        money_kept=amount(row.money_minor),
        money_low=None if row.money_low_minor is None else amount(row.money_low_minor),
        money_high=None if row.money_high_minor is None else amount(row.money_high_minor),
        cost=amount(row.cost_minor),
        verdict=row.verdict,
        more_people=row.more_people,
    )


@post("/v1/venues/{venue_id:str}/triggers", opt={**WRITE, "idempotent": "accepted", "ask": EXAMPLE})
async def create(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    data: JSONBody[define.NewTrigger],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[TriggerView]:
    """Define an action. It is a draft and does nothing until it is started."""

    async def run(resume: Resume) -> Answer:
        async with act_at(parts, principal, venue_id) as act:
            await parts.venue_acts.check(act.tx, venue_id, data.act, act.now)
            row = await define.create(act.tx, venue_id, resume.resource_id, data, now=act.now)
            await act.note("trigger.created", row.id)
        return Answer(201, view(row), {"ETag": etag(row.version)})

    return await once(request, parts, principal, "trg", run)


@get("/v1/venues/{venue_id:str}/triggers", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[TriggerView]]:
    """List the venue's actions, newest first, ended ones too."""
    async with look_at(parts, venue_id) as look:
        rows = await define.listed(look.tx, venue_id, wanted(limit, cursor))
    return page_of(request, rows, view)


@get("/v1/venues/{venue_id:str}/triggers/{trigger_id:str}", opt={**READ, "tagged": True})
async def read(
    venue_id: FromPath[str], trigger_id: FromPath[str], parts: NamedDependency[Parts]
) -> Response[TriggerView]:
    """Read one action."""
    async with look_at(parts, venue_id) as look:
        row = await define.get(look.tx, venue_id, trigger_id)
    return tagged(view(row), row.version)


@patch(
    "/v1/venues/{venue_id:str}/triggers/{trigger_id:str}",
    opt={**WRITE, "edit": True, "ask": {"level": 30}},
)
async def edit(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    trigger_id: FromPath[str],
    data: JSONBody[define.TriggerEdit],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[TriggerView]:
    """Change an action. Once started, its hold-out and its kind of act stay as they are."""
    version = edited_version(request)
    async with act_at(parts, principal, venue_id) as act:
        row = await define.edit(act.tx, venue_id, trigger_id, version, data)
        await parts.venue_acts.check(act.tx, venue_id, acts_of.read(row.act), act.now)
        await act.note("trigger.changed", row.id, fields=sorted(changes(data)))
    return tagged(view(row), row.version)


@post(
    "/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/start",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def start(
    venue_id: FromPath[str],
    trigger_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[TriggerView]:
    """Start an action, or go on with a paused one: people are drawn from now on."""
    async with act_at(parts, principal, venue_id) as act:
        row = await define.get(act.tx, venue_id, trigger_id, lock=True)
        await parts.venue_acts.check(act.tx, venue_id, acts_of.read(row.act), act.now)
        await define.start(act.tx, row, now=act.now, machine_now=act.machine_now)
        await act.note("trigger.started", row.id)
    return tagged(view(row), row.version, status=200)


@post(
    "/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/pause",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def pause(
    venue_id: FromPath[str],
    trigger_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[TriggerView]:
    """Pause an action: nobody is drawn, and what is planned waits."""
    async with act_at(parts, principal, venue_id) as act:
        row = await define.get(act.tx, venue_id, trigger_id, lock=True)
        await define.pause(act.tx, row)
        await act.note("trigger.paused", row.id)
    return tagged(view(row), row.version, status=200)


@post(
    "/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/end",
    opt={**WRITE, "tagged": True},
    status_code=200,
)
async def end(
    venue_id: FromPath[str],
    trigger_id: FromPath[str],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[TriggerView]:
    """End an action for good: what is planned is not done any more."""
    async with act_at(parts, principal, venue_id) as act:
        row = await define.get(act.tx, venue_id, trigger_id, lock=True)
        await define.end(act.tx, row, now=act.now)
        await act.note("trigger.ended", row.id)
    return tagged(view(row), row.version, status=200)


@get("/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/preview", opt=READ)
async def preview(
    venue_id: FromPath[str], trigger_id: FromPath[str], parts: NamedDependency[Parts]
) -> PreviewView:
    """Count whom the action concerns today. Nothing is done."""
    async with look_at(parts, venue_id) as look:
        row = await define.get(look.tx, venue_id, trigger_id)
        counts = await who.counts(look.tx, parts.venue_acts, row, look.now)
    return PreviewView(
        meeting=counts.meeting,
        customers=counts.customers,
        may_be_reached=counts.may_be_reached,
        treated=counts.treated,
        held_out=counts.held_out,
        unscored=counts.unscored,
    )


@get("/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/people", opt=READ)
async def people(
    venue_id: FromPath[str],
    trigger_id: FromPath[str],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    after: After = "",
) -> DryRunView:
    """Dry run: each person whom the condition fits, and what would happen. Nothing is done."""
    async with look_at(parts, venue_id) as look:
        row = await define.get(look.tx, venue_id, trigger_id)
        looked = await who.dry_run(
            look.tx, parts.venue_acts, row, look.now, after=after, limit=limit
        )
    data = [
        LookedView(
            person=one.person,
            customer_id=one.customer_id,
            chance=one.chance,
            value_month=money(Money(one.month_minor, row.currency)),
            arm=one.arm,
            why=one.why,
        )
        for one in looked
    ]
    return DryRunView(data, looked[-1].person if len(looked) == limit else None)


@get("/v1/venues/{venue_id:str}/triggers/{trigger_id:str}/effect", opt=READ)
async def effect(
    venue_id: FromPath[str], trigger_id: FromPath[str], parts: NamedDependency[Parts]
) -> EffectView:
    """Read the latest measurement of the action. Not found until there is one."""
    async with look_at(parts, venue_id) as look:
        row = await define.get(look.tx, venue_id, trigger_id)
        measured = (await results.latest_effects(look.tx, [row.id])).get(row.id)
    if measured is None:
        raise NotFound("measurement yet")
    return effect_view(measured)


ROUTES = [create, listing, read, edit, start, pause, end, preview, people, effect]
