"""Is it alive, is it ready: for load balancers and supervisors."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from sqlalchemy import text

from infra.kernel.errors import Unavailable
from paywall.http.parts import Parts


@get("/health/live", opt={"public": True, "rate": "off", "quiet": True}, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers. Says nothing about what it depends on."""
    return {"status": "live"}


@get("/health/ready", opt={"public": True, "rate": "off", "quiet": True})
async def ready(parts: NamedDependency[Parts]) -> dict[str, str]:
    """The database answers too, so requests can be sent here."""
    try:
        async with parts.db.read() as tx:
            await tx.execute(text("SELECT 1"))
    except Exception as error:
        raise Unavailable("The database does not answer.") from error
    return {"status": "ready"}
