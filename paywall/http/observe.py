"""What is measured and logged of every request: route template, status, time; never a body."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from structlog.contextvars import bound_contextvars

from infra.kernel.clock import Clock
from paywall.http.answer_headers import request_id

log = structlog.get_logger("paywall.http")

_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of this process, or of all that share a folder.

    Where PROMETHEUS_MULTIPROC_DIR names a folder, the processes of one port keep their counters
    in it, and whichever answers a scrape tells the sum (prometheus_client, "Multiprocess Mode").
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "paywall_http_requests",
            "Requests answered, by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "paywall_http_request_seconds",
            "Time until an answer was sent, in seconds, by method and route.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

        self._waiting = Gauge(
            "paywall_job_waiting_seconds",
            "Time since a job's oldest row became due: grows when no worker does it.",
            ["job"],
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._denylist = Gauge(
            "paywall_denylist_age_seconds",
            "Time since this process last read which playback sessions are closed.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )

    def note_state(self, waiting_s: Mapping[str, float], denylist_s: float) -> None:
        """What is true at the moment of a scrape; the same from every process but for denylist."""
        for job, seconds in waiting_s.items():
            self._waiting.labels(job).set(seconds)
        self._denylist.set(denylist_s)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Prometheus text format 0.0.4."""
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class Observe(ASGIMiddleware):
    """Counts and logs each routed request. An address with no route is counted as none."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        clock: Clock = scope["litestar_app"].state.parts.clock
        started_s = clock.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # Every line that is written on this request's behalf carries its id.
        with bound_contextvars(request_id=request_id(scope)):
            try:
                await next_app(scope, receive, watched)
            finally:
                _note(scope, status, clock.monotonic() - started_s)


def _note(scope: Scope, status: int, seconds: float) -> None:
    method = str(scope.get("method", ""))
    route = scope.get("path_template") or "none"
    metrics: Metrics = scope["litestar_app"].state.metrics
    metrics.count(method, route, status, seconds)
    handler: Any = scope.get("route_handler")
    if handler is not None and handler.opt.get("quiet"):
        return
    principal = scope["state"].get("principal")
    # The template, not the path: a path can hold a token.
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        actor=principal.actor if principal is not None else "",
    )
