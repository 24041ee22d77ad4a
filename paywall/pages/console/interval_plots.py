"""Shares with their intervals as plots: said against came, treated against held out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

from churn.effects import TERMS, Interval, always_valid_z, wilson
from churn.metrics.definitions import Unit
from churn.triggers.tables import ActionEffect
from paywall.pages.console.plots import Kind, Plot, Series
from paywall.pages.i18n import Translator

ONCE = NormalDist().inv_cdf(0.975)
"""Standard errors of a 95 % interval for one look: a model's judgement does not grow."""


def came_of(band: Mapping[str, Any]) -> Interval:
    """The share that left in a calibration band, with its 95 % interval (Wilson)."""
    return wilson(round(band["left"] * band["people"]), band["people"], ONCE)


def said_against_came(locale: Translator, bands: Sequence[Mapping[str, Any]]) -> Plot | None:
    """A dot a band, its interval, and the line on which said and came are the same."""
    if not bands:
        return None
    _ = locale.gettext
    said = [float(band["said"]) for band in bands]
    came = [came_of(band) for band in bands]
    dots = Series(
        _("Came"), [one.value for one in came], [one.low for one in came],
        [one.high for one in came],
    )  # fmt: skip
    labels = [_("%(share)s said") % {"share": locale.share(one)} for one in said]
    line = Series(_("Said"), list(said))
    return Plot(Kind.DOTS, Unit.SHARE, "", labels, [dots, line], said, line.name)


def arms_of(effect: ActionEffect) -> tuple[Interval, Interval]:
    """Shares kept of the treated and of those held out, each with the interval that the one of
    their difference is made of: it holds on whatever day somebody looks."""
    z = always_valid_z(effect.treated + effect.held_out, TERMS.level)
    return (
        wilson(round(effect.kept_treated * effect.treated), effect.treated, z),
        wilson(round(effect.kept_held_out * effect.held_out), effect.held_out, z),
    )


def treated_against_held_out(locale: Translator, effect: ActionEffect) -> Plot:
    """Two bars, each with its interval."""
    arms = arms_of(effect)
    bars = Series(
        "", [arm.value for arm in arms], [arm.low for arm in arms], [arm.high for arm in arms]
    )
    labels = [locale.gettext("Treated"), locale.gettext("Held out")]
    return Plot(Kind.NAMES, Unit.SHARE, "", labels, [bars])
