"""Who may leave and why, and the models that say so; for who may act on it. Read only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from churn.prediction import browse, in_use
from churn.prediction.browse import Asked, Band, Levels, Order, Scored
from churn.prediction.causes import Cause
from churn.prediction.tables import ModelRecord, ModelState
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from paywall.accounts.roles import Permission
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import MoneyView, money, utc

READ = {"permission": Permission.MARKETING_WRITE}
"""As in the console: nobody reads who may leave who could do nothing about it."""

OrderAsked = Annotated[Order, QueryParameter(description="What is sorted by, the highest first.")]
BandAsked = Annotated[
    Band | None,
    QueryParameter(
        description="`high` is three times the venue's mean, `raised` one and a half times.",
    ),
]


class ReasonView(msgspec.Struct, frozen=True):
    """What moves the chance. It tells what the model did, not what changing the value would do."""

    feature: Annotated[str, Meta(examples=["days_since_watched"])]
    value: float | str | None
    points: Annotated[
        float,
        Meta(
            description="So many more in a hundred than with other people's value; below 0: fewer.",
            examples=[9.4],
        ),
    ]


class ScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """A person's chances as of the last night. Chances are from 0 to 1; null: no model speaks of
    the person."""

    person: Annotated[str, Meta(description="The pseudonym at this venue.")]
    customer_id: Annotated[str | None, Meta(description="Null for who was imported.")]
    risk: Annotated[float | None, Meta(description="Of leaving by choice within 30 days.")]
    risk_before: Annotated[
        float | None, Meta(description="What the same model says of a week before.")
    ]
    payment_risk: Annotated[
        float | None, Meta(description="That the first try of the next renewal is declined.")
    ]
    band: Band | None
    value_month: Annotated[MoneyView | None, Meta(description="What the person brings a month.")]
    plan: str | None
    reasons: Annotated[list[ReasonView], Meta(description="The strongest first.")]
    model_id: str
    as_of: datetime


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """One training of a venue's model and what it was worth on people it had not learned from."""

    id: str
    cause: Annotated[
        Cause,
        Meta(
            description="`choice`: leaves by choice within 30 days. `payment`: the next renewal is "
            "declined. `silence`: neither buys nor watches in 90 days."
        ),
    ]
    state: ModelState
    method: Annotated[str, Meta(examples=["blend"])]
    trained_at: datetime
    learned_from: datetime
    learned_until: datetime
    judged_from: datetime
    judged_rows: int
    judged_leavers: int
    roc_auc: float
    pr_auc: float
    brier: float
    log_loss: float
    top_decile_lift: float
    ece: float


class ModelsView(msgspec.Struct, frozen=True):
    """The last hundred trainings, the newest first."""

    data: list[ModelView]


@get("/v1/venues/{venue_id:str}/scores", opt=READ)
async def listing(
    request: Request[Any, Any, Any],
    venue_id: FromPath[str],
    parts: NamedDependency[Parts],
    order: OrderAsked = Order.RISK,
    band: BandAsked = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[ScoreView]]:
    """List people by their chance of leaving, the highest first, with the reasons."""
    async with parts.db.read() as tx:
        levels = await browse.levels(tx, venue_id, order)
        asked = Asked(band=band or "", order=order)
        rows = await browse.listed(tx, venue_id, asked, levels, wanted(limit, cursor))
        of_risk = await browse.levels(tx, venue_id)
    return page_of(request, rows, lambda one: _score(one, of_risk))


@get("/v1/venues/{venue_id:str}/scores/{person:str}", opt=READ)
async def read(
    venue_id: FromPath[str], person: FromPath[str], parts: NamedDependency[Parts]
) -> ScoreView:
    """Read one person's chances and reasons, by pseudonym or customer id."""
    async with parts.db.read() as tx:
        one = await browse.person_of(tx, venue_id, person)
        one = one or await browse.of_customer(tx, venue_id, person)
        levels = await browse.levels(tx, venue_id)
    if one is None:
        raise NotFound("person")
    return _score(one, levels)


@get("/v1/venues/{venue_id:str}/models", opt=READ)
async def models(venue_id: FromPath[str], parts: NamedDependency[Parts]) -> ModelsView:
    """List the trainings of the venue's models with their figures, the newest first."""
    async with parts.db.read() as tx:
        found = await in_use.trainings(tx, venue_id)
    return ModelsView([_model(one) for one in found])


@get("/v1/venues/{venue_id:str}/models/{model_id:str}", opt=READ)
async def model(
    venue_id: FromPath[str], model_id: FromPath[str], parts: NamedDependency[Parts]
) -> ModelView:
    """Read one training. Its whole card, as Markdown, is in the console."""
    async with parts.db.read() as tx:
        return _model(await in_use.record_of(tx, venue_id, model_id))


def _score(one: Scored, levels: Levels) -> ScoreView:
    value = None
    if one.value_month_minor is not None and one.currency:
        value = money(Money(round(one.value_month_minor), one.currency))
    return ScoreView(
        person=one.person, customer_id=one.customer_id, risk=one.risk,
        risk_before=one.risk_before, payment_risk=one.payment_risk,
        band=None if one.risk is None else levels.band(one.risk), value_month=value,
        plan=one.plan or None, model_id=one.model_id, as_of=utc(one.as_of),
        reasons=[ReasonView(r["feature"], r.get("value"), r["points"]) for r in one.strongest],
    )  # fmt: skip


def _model(one: ModelRecord) -> ModelView:
    told = ("roc_auc", "pr_auc", "brier", "log_loss", "top_decile_lift", "ece")
    return ModelView(
        id=one.id, cause=one.cause, state=one.state, method=one.figures["method"],
        trained_at=utc(one.trained_at), learned_from=utc(one.learned_from),
        learned_until=utc(one.learned_until), judged_from=utc(one.judged_from),
        judged_rows=one.figures["judged_rows"], judged_leavers=one.figures["judged_leavers"],
        **{name: one.figures[name] for name in told},
    )  # fmt: skip


ROUTES = [listing, read, models, model]
