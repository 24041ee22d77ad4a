"""The models behind the scores: what each training found, in words, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from churn.prediction import browse, in_use
from churn.prediction.causes import Cause
from churn.prediction.tables import ModelRecord, ModelState, Night
from paywall.accounts.roles import Permission as P
from paywall.pages.console.desk import Desk
from paywall.pages.console.feature_words import in_hundred, meaning, value_text
from paywall.pages.console.interval_plots import came_of, said_against_came
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Row, csv_answer, number_cell

READ = {"permission": P.MARKETING_WRITE}
WRITE = {"permission": P.MARKETING_WRITE, "page": True}

CAUSES = {
    Cause.CHOICE: N_("Leaving by choice"),
    Cause.PAYMENT: N_("The next payment fails"),
    Cause.SILENCE: N_("Falling silent"),
}
STATES = {
    ModelState.CURRENT: (N_("In use"), "good"),
    ModelState.REFUSED: (N_("Refused"), "bad"),
    ModelState.REPLACED: (N_("Replaced"), "plain"),
}
METHODS = {
    "blend": N_("Four models as one: two lines and two sets of decision trees"),
    "logistic": N_("Logistic regression, for few leavers"),
    "rules": N_("Plain rules, for very few leavers"),
}
TOO_LITTLE = {
    Cause.CHOICE: N_(
        "Too few people left by choice to learn who is next. A few months more are needed, or an "
        "import of the past."
    ),
    Cause.PAYMENT: N_(
        "Too few renewals failed to learn which one is next. A few months more are needed, or an "
        "import of the past."
    ),
    Cause.SILENCE: N_(
        "Too little is known of who came back and who did not. A season more is needed, or an "
        "import of the past."
    ),
}
DRIFTED = 0.25


@get("/console/{venue_id:str}/models", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """The trainings of a venue, the newest first, refused ones too."""
    async with desk.look() as tx:
        found = await in_use.trainings(tx, desk.venue.id)
        night = await browse.night_of(tx, desk.venue.id)
    return desk.page(
        "models.html", section="leaving", lines=[_line(desk, one) for one in found],
        notes=too_little(desk, night),
    )  # fmt: skip


def too_little(desk: Desk, night: Night | None) -> list[str]:
    """Why the last training made no model of a cause, a sentence each."""
    causes = [] if night is None else [Cause(name) for name in night.notes]
    return [desk.gettext(TOO_LITTLE[cause]) for cause in causes]


def _line(desk: Desk, record: ModelRecord) -> dict[str, Any]:
    text, tone = STATES[record.state]
    return {
        "record": record,
        "url": desk.url(f"/models/{record.id}"),
        "cause": desk.gettext(CAUSES[record.cause]),
        "state": desk.gettext(text),
        "tone": tone,
        "lift": _number(desk, record.figures["top_decile_lift"]),
        "pairs": in_hundred(desk.locale, record.figures["roc_auc"]),
    }


def _number(desk: Desk, value: float, digits: int = 1) -> str:
    return desk.locale.number(Decimal(str(round(value, digits))))


@get("/console/{venue_id:str}/models/{model_id:str}", opt=READ)
async def read(desk: NamedDependency[Desk], model_id: FromPath[str]) -> Response[Any]:
    """One training's card for people who know no statistics."""
    async with desk.look() as tx:
        record = await in_use.record_of(tx, desk.venue.id, model_id)
        usable = await in_use.can_be_used(tx, record)
    figures = record.figures
    if desk.request.query_params.get("format") == "csv":
        name = f"{record.cause.value}-said-against-came"
        return csv_answer(name, _band_columns(desk), _bands(desk, figures))
    plot = said_against_came(desk.locale, figures["calibration"])
    return desk.page(
        "model.html", section="leaving", usable=usable, figures=figures,
        told=explained(desk, figures), bands=_bands(desk, figures),
        band_columns=_band_columns(desk), plot=plot.as_json() if plot else "",
        groups=_groups(desk, figures), method=desk.gettext(METHODS[figures["method"]]),
        drift=[
            (meaning(desk.locale, name), _number(desk, psi, 2), psi > DRIFTED)
            for name, psi in figures["drift"]
        ],
        **_line(desk, record),
    )  # fmt: skip


def explained(desk: Desk, figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(what is asked, the answer, what it means): each figure as a sentence with its name."""
    _, locale = desk.gettext, desk.locale
    lift = float(figures["top_decile_lift"])
    told = {
        "lift": _number(desk, lift),
        "caught": in_hundred(locale, min(1.0, lift / 10)),
        "pairs": in_hundred(locale, figures["roc_auc"]),
        "off": locale.number(Decimal(str(round(figures["ece"] * 100, 1)))),
        "low": _number(desk, figures["low"]["top_decile_lift"]),
        "high": _number(desk, figures["high"]["top_decile_lift"]),
    }
    return [
        (
            _("Does it find the right people?"),
            _("Among the tenth with the highest scores %(lift)s times more leave than on average.")
            % told,
            _("By chance it would be 1. With other people it would be %(low)s to %(high)s.") % told,
        ),
        (
            _("How many leavers are in that tenth?"),
            _("%(caught)s of all who left.") % told,
            _("By chance it would be 10 in 100."),
        ),
        (
            _("Does it put people in the right order?"),
            _("Of a leaver and a stayer, the leaver has the higher score %(pairs)s times.") % told,
            _("By chance it would be 50 in 100 (ROC-AUC)."),
        ),
        (
            _("Are the chances true?"),
            _("Said and came differ by %(off)s in a hundred on average.") % told,
            _("0 would be perfect (expected calibration error)."),
        ),
    ]


def _band_columns(desk: Desk) -> list[str]:
    _ = desk.gettext
    return [_("Number of people"), _("Said"), _("Came"), _("95% interval")]


def _bands(desk: Desk, figures: Mapping[str, Any]) -> list[Row]:
    rows = []
    for band in figures["calibration"]:
        said, came = band["said"], came_of(band)
        low, high = (desk.locale.share(bound) for bound in (came.low, came.high))
        cells = [
            number_cell(desk.locale, band["people"]),
            Cell(desk.locale.share(said), raw=f"{said:.4f}", num=True),
            Cell(desk.locale.share(came.value), raw=f"{came.value:.4f}", num=True),
            Cell(f"{low} – {high}", raw=f"{came.low:.4f} – {came.high:.4f}", num=True),
        ]
        rows.append(Row(cells))
    return rows


def _groups(desk: Desk, figures: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            value_text(desk.locale, group["column"], group["value"]),
            desk.locale.number(group["people"]),
            in_hundred(desk.locale, group["said"]),
            in_hundred(desk.locale, group["left"]),
            in_hundred(desk.locale, group["flagged"]),
        )
        for group in figures["fairness"]
    ]


@get("/console/{venue_id:str}/models/{model_id:str}/card.md", opt=READ)
async def card(desk: NamedDependency[Desk], model_id: FromPath[str]) -> Response[str]:
    """The whole card for an analyst, as Markdown."""
    async with desk.look() as tx:
        record = await in_use.record_of(tx, desk.venue.id, model_id)
    return Response(
        record.card,
        media_type="text/markdown; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{record.cause.value}.md"',
            "Cache-Control": "no-store",
        },
    )


@post("/console/{venue_id:str}/models/{model_id:str}/use", opt=WRITE)
async def use(desk: NamedDependency[Desk], model_id: FromPath[str]) -> Response[Any]:
    """Back to an earlier model, or on to a refused one."""
    async with desk.act() as act:
        record = await in_use.put_in_use(act.tx, desk.venue.id, model_id)
        await act.note("model.put_in_use", model_id, cause=record.cause.value)
    said = desk.gettext("This model is in use. Tonight's scores are its first.")
    return desk.to(desk.url(f"/models/{model_id}"), said)


PAGES = [listing, read, card, use]
