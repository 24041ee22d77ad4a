"""create_app(parts): the one composition root of the web process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ControllerRouterHandler

from infra.kernel.away import DatabaseAway
from infra.kernel.errors import Problem
from paywall.http.answer_headers import answer_headers
from paywall.http.guards import guard, provide_parts, provide_principal
from paywall.http.observe import Metrics, Observe
from paywall.http.parts import Parts
from paywall.http.player_origins import PlayerOrigins, PlayerSites
from paywall.http.problems import on_broken_text, on_crash, on_http, on_problem, on_validation
from paywall.pages import PAGES
from paywall.pages.console.router import CONSOLE
from paywall.pages.errors import readable
from paywall.pages.event import EventPages
from paywall.pages.site import Site, provide_site
from paywall.routes import ROUTES

log = structlog.get_logger("paywall.app")
DENIALS_EVERY_S = 1.0
VISITS_EVERY_S = 3.0
PAGE_ROUTES = Router("/", route_handlers=PAGES, include_in_schema=False)
"""Pages are for people; the API's description leaves them out."""


def create_app(
    parts: Parts, routes: Sequence[ControllerRouterHandler] = (*ROUTES, PAGE_ROUTES, CONSOLE)
) -> Litestar:
    """The whole web application over these parts. Closes their database when it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        parts: Parts = app.state.parts
        tasks = [asyncio.create_task(_poll_denials(parts)), asyncio.create_task(_visits(parts))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await _write_visits(parts)
            await parts.close()

    app = Litestar(
        route_handlers=routes,
        guards=[guard],
        dependencies={
            "parts": Provide(provide_parts),
            "principal": Provide(provide_principal),
            "site": Provide(provide_site),
        },
        exception_handlers=readable(
            {
                Problem: on_problem,
                ValidationException: on_validation,
                HTTPException: on_http,
                UnicodeDecodeError: on_broken_text,
                Exception: on_crash,
            }
        ),
        before_send=[answer_headers(hsts=parts.settings.secure)],
        middleware=[Observe(), PlayerOrigins()],
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,  # the process has set its own up; Litestar's would replace it
        request_max_body_size=256 * 1024,
        debug=False,
    )
    equip(app, parts)
    return app


def equip(app: Litestar, parts: Parts) -> None:
    """Give an app all that its requests work with; it keeps nothing of what it had before.

    Building the routes takes a third of a second, so tests build few apps and equip them often.
    """
    app.state.parts = parts
    app.state.metrics = Metrics()
    app.state.player_sites = PlayerSites(parts.db, parts.clock, parts.settings.public_url)
    app.state.site = Site(parts)
    app.state.event_pages = EventPages()


async def _poll_denials(parts: Parts) -> None:
    """Keep the embedded edge's denylist young: a refund closes the door within a poll."""
    while True:
        try:
            await parts.playback.refresh_denials()
        except DatabaseAway:
            log.warning("denylist not read: the database does not answer")
        except Exception:
            log.warning("denylist poll failed", exc_info=True)
        await asyncio.sleep(DENIALS_EVERY_S)


async def _visits(parts: Parts) -> None:
    """Write the visits that pages told of, those of a few seconds together."""
    while True:
        await asyncio.sleep(VISITS_EVERY_S)
        await _write_visits(parts)


async def _write_visits(parts: Parts) -> None:
    """What can't be written now waits, within its bounds; nobody is owed a number."""
    try:
        await parts.visits.flush()
    except DatabaseAway:
        log.warning("visits not written: the database does not answer")
    except Exception:
        log.warning("visits not written", exc_info=True)
