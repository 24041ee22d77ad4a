"""A venue's settings for cases: changed, and its secret for mail that comes by webhook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, StaleEdit
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Venue
from paywall.notices.signing import new_signing_secret
from support_bot.case_clock import opening
from support_bot.case_tables import CaseSettings
from support_bot.cases import settings_of

SECRET_PURPOSE = "support mail webhook"  # noqa: S105 - a purpose, no secret
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    hours: Mapping[str, Sequence[str]]
    reply_minutes: int
    live_reply_minutes: int
    solve_minutes: int
    close_after_days: int
    minute_cost_minor: int
    alarm_email: str
    mail_address: str


async def save(tx: Tx, venue: Venue, wanted: Wanted, version: int) -> CaseSettings:
    """Set them all. StaleEdit after somebody else's change; Invalid with the field's name."""
    row = await settings_of(tx, venue.id)
    if row.version != version:
        raise StaleEdit("Somebody else changed these meanwhile; look at them again.")
    opening(wanted.hours)
    for field in ("alarm_email", "mail_address"):
        value = getattr(wanted, field)
        if value and (len(value) > 254 or not _EMAIL.match(value)):
            raise Invalid(field, "Write the address as in help@hall.example.")
    if wanted.mail_address:
        query = select(CaseSettings.venue_id).where(
            func.lower(CaseSettings.mail_address) == wanted.mail_address.lower(),
            CaseSettings.venue_id != venue.id,
        )
        if await tx.scalar(query.limit(1)) is not None:
            raise Conflict(
                "Another venue of this installation has this address.", field="mail_address"
            )
    for name in Wanted.__struct_fields__:
        setattr(row, name, getattr(wanted, name))
    row.hours = {day: list(span) for day, span in wanted.hours.items()}
    row.timezone = venue.timezone
    row.version += 1
    return row


BOT_SWITCHES = ("bot_answers_mails", "bot_suggests_in_mails")
"""What the assistant does with mails by itself."""


async def let_bot(tx: Tx, venue_id: str, switch: str, *, on: bool) -> None:
    """Turn one of BOT_SWITCHES on or off; mails that come from now on follow it."""
    assert switch in BOT_SWITCHES
    row = await settings_of(tx, venue_id)
    setattr(row, switch, on)
    row.version += 1


async def new_mail_secret(tx: Tx, venue_id: str, sealer: Sealer) -> str:
    """A new secret, kept sealed; shown by the caller this once."""
    row = await settings_of(tx, venue_id)
    secret = new_signing_secret()
    row.mail_secret_sealed = sealer.seal(secret.encode(), SECRET_PURPOSE)
    row.version += 1
    return secret


def mail_secret(row: CaseSettings, sealer: Sealer) -> str:
    """The secret in force; "" where none was made."""
    if not row.mail_secret_sealed:
        return ""
    return sealer.unseal(row.mail_secret_sealed, SECRET_PURPOSE).decode()
