"""/metrics for Prometheus: to programs on this machine, or with the installation's token."""

from __future__ import annotations

import hmac
import math
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from infra.kernel.errors import NotFound
from paywall.bridges.backlog import waiting_s
from paywall.http.client_address import is_direct_loopback
from paywall.http.observe import Metrics
from paywall.http.parts import Parts


@get(
    "/metrics",
    opt={"public": True, "rate": "off", "quiet": True},
    include_in_schema=False,
    media_type="text/plain; version=0.0.4; charset=utf-8",
)
async def read(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Open to the world it would tell competitors what sells; so it looks absent to strangers."""
    token = parts.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    known = bool(token) and hmac.compare_digest(given.encode(), token.encode())
    if not known and not is_direct_loopback(request.scope):
        raise NotFound("page")
    metrics = request.app.state.metrics
    assert isinstance(metrics, Metrics)
    now = parts.clock.machine()
    # Told by the web, since a worker that is dead can't say so.
    age = parts.playback.denylist.age(now)
    metrics.note_state(
        await waiting_s(parts.db, now), math.inf if age is None else age.total_seconds()
    )
    return Response(metrics.text())
