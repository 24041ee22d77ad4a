"""Every page of the console under one router: its refusals, its desk, its fresh check."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from infra.kernel.errors import Problem
from paywall.http import problems
from paywall.pages.console import (
    actions,
    assistant,
    audit,
    confirm,
    coupons,
    events,
    figures,
    front,
    going_live,
    help_centre,
    help_languages,
    help_text,
    inbox,
    inbox_acts,
    inbox_aside,
    inbox_case,
    inbox_settings,
    installation,
    keys,
    leaving,
    live_help,
    models,
    money,
    offers,
    orders,
    people,
    processors,
    refunds,
    refusals,
    replays,
    seasons,
    security,
    settings,
    staff,
    streams,
    support_figures,
    support_rows,
    tasks,
    viewers,
    webhooks,
)
from paywall.pages.console.desk import provide_desk

PAGES = [
    *assistant.PAGES,
    *actions.PAGES,
    *audit.PAGES,
    *confirm.PAGES,
    *coupons.PAGES,
    *events.PAGES,
    *figures.PAGES,
    *front.PAGES,
    *going_live.PAGES,
    *help_centre.PAGES,
    *help_languages.ROUTED,
    *help_text.PAGES,
    # Words in the path come before the ids of cases.
    *inbox_settings.PAGES,
    *inbox_aside.PAGES,
    *inbox.PAGES,
    *inbox_acts.PAGES,
    *inbox_case.PAGES,
    *installation.PAGES,
    *keys.PAGES,
    *live_help.PAGES,
    *leaving.PAGES,
    *models.PAGES,
    *money.PAGES,
    *offers.PAGES,
    *orders.PAGES,
    *people.PAGES,
    *processors.PAGES,
    *refunds.PAGES,
    *replays.PAGES,
    *seasons.PAGES,
    *security.PAGES,
    *settings.PAGES,
    *staff.PAGES,
    *streams.PAGES,
    *support_figures.PAGES,
    *support_rows.PAGES,
    *tasks.PAGES,
    *viewers.PAGES,
    *webhooks.PAGES,
]


CONSOLE = Router(
    path="/",
    route_handlers=PAGES,
    dependencies={"desk": Provide(provide_desk)},
    before_request=confirm.fresh_or_confirm,
    exception_handlers={
        Problem: refusals.for_browsers(refusals.on_problem, problems.on_problem),
        ValidationException: refusals.for_browsers(refusals.on_validation, problems.on_validation),
        HTTPException: refusals.for_browsers(refusals.on_http, problems.on_http),
    },
    include_in_schema=False,
)
