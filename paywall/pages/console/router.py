"""Every page of the console under one router: its refusals, its desk, its fresh check."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException

from infra.kernel.errors import Problem
from paywall.pages.console import (
    confirm,
    coupons,
    events,
    offers,
    refusals,
    replays,
    seasons,
    security,
    streams,
)
from paywall.pages.console.desk import provide_desk

PAGES = [
    *confirm.PAGES,
    *coupons.PAGES,
    *events.PAGES,
    *offers.PAGES,
    *replays.PAGES,
    *seasons.PAGES,
    *security.PAGES,
    *streams.PAGES,
]


def console() -> Router:
    """A new router, as Litestar's routers belong to one app."""
    return Router(
        path="/",
        route_handlers=PAGES,
        dependencies={"desk": Provide(provide_desk)},
        before_request=confirm.fresh_or_confirm,
        exception_handlers={
            Problem: refusals.on_problem,
            ValidationException: refusals.on_validation,
            HTTPException: refusals.on_http,
        },
        include_in_schema=False,
    )
