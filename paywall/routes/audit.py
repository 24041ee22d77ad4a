"""The audit log: who did what, at a venue or at the installation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from infra.kernel.bounds import Id
from paywall.accounts.audit import audit_page
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Permission
from paywall.accounts.tables import AuditEntry
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc

Subject = Annotated[
    str, QueryParameter(max_length=64, description="Only what was done to this id.")
]


class AuditView(msgspec.Struct, frozen=True):
    """`actor` did `action` to `subject`; `data` holds the facts."""

    id: str
    at: datetime
    actor: Annotated[str, Meta(examples=["acc_01k9x4m8z2v7q0n3t5r6s8w1ya"])]
    action: Annotated[str, Meta(examples=["staff.invited"])]
    subject: Annotated[str, Meta(examples=["inv_01k9x4m8z2v7q0n3t5r6s8w1ya"])]
    data: Annotated[dict[str, Any], Meta(examples=[{"role": "support"}])]


def _view(row: AuditEntry) -> AuditView:
    return AuditView(row.id, utc(row.at), row.actor, row.action, row.subject, row.data)


@get("/v1/venues/{venue_id:str}/audit", opt={"permission": Permission.AUDIT_READ})
async def of_venue(
    venue_id: FromPath[Id],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    subject: Subject = "",
) -> Response[Page[AuditView]]:
    """What was done at the venue, newest first."""
    rows = await audit_page(parts.db, venue_id, wanted(limit, cursor), subject=subject)
    return page_of(request, rows, _view)


@get("/v1/installation/audit", opt={"permission": Permission.INSTALLATION_AUDIT})
async def of_installation(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
    subject: Subject = "",
) -> Response[Page[AuditView]]:
    """What was done at the installation, and to people's log-ins, newest first."""
    rows = await audit_page(parts.db, INSTALLATION, wanted(limit, cursor), subject=subject)
    return page_of(request, rows, _view)


ROUTES = [of_venue, of_installation]
