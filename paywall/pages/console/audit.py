"""The audit log in the console: who did what, at the venue or at the installation."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.paging import Place, Wanted, slice_of
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, ApiKey, AuditEntry
from paywall.pages.console.desk import Desk
from paywall.pages.console.table import Cell, Filter, Listing, Row, moment_cell, show


async def _show(desk: Desk, place: str, zone: str) -> Response[Any]:
    _, query = desk.gettext, desk.request.query_params

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        rows = select(AuditEntry).where(AuditEntry.venue_id == place)
        if query.get("subject"):
            rows = rows.where(AuditEntry.subject == query["subject"][:64])
        if query.get("action"):
            rows = rows.where(AuditEntry.action == query["action"][:64])
        found = await slice_of(tx, rows, wanted, id_column=AuditEntry.id)
        names = await _names(tx, {one.actor for one in found.rows})
        return [
            Row(
                [
                    moment_cell(desk.locale, one.at, zone),
                    Cell(names.get(one.actor, one.actor)),
                    Cell(one.action, code=True),
                    Cell(one.subject, code=True),
                    Cell(_facts(one.data)),
                ]
            )
            for one in found.rows
        ], found.more

    return await show(
        desk,
        Listing(
            section="audit",
            title=_("Audit log"),
            lead=_("Who did what. Nothing here can be changed or removed."),
            columns=[_("When"), _("Who"), _("Did"), _("To"), _("Facts")],
            name="audit",
            filters=[Filter("action", _("Did")), Filter("subject", _("To"))],
            empty_title=_("Nothing was done yet"),
            empty_text=_("Every change in the console and over the API is noted here."),
        ),
        fetch,
    )


def _facts(data: dict[str, Any]) -> str:
    return " · ".join(
        f"{name}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in data.items()
        if value not in ("", [], None)
    )


async def _names(tx: Tx, actors: set[str]) -> dict[str, str]:
    """Addresses of people and names of keys; what is neither stays an id."""
    people = await tx.execute(
        select(Account.id, Account.email).where(Account.id.in_(sorted(actors)))
    )
    keys = await tx.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(sorted(actors))))
    return dict(people.all()) | dict(keys.all())


@get("/console/{venue_id:str}/audit", opt={"permission": P.AUDIT_READ})
async def of_venue(desk: NamedDependency[Desk]) -> Response[Any]:
    """What was done at the venue, newest first."""
    return await _show(desk, desk.venue.id, desk.venue.timezone)


@get(f"/console/{INSTALLATION}/audit", opt={"permission": P.INSTALLATION_AUDIT})
async def of_house(desk: NamedDependency[Desk]) -> Response[Any]:
    """What was done at the installation and to people's log-ins, newest first."""
    return await _show(desk, INSTALLATION, "UTC")


PAGES = [of_venue, of_house]
