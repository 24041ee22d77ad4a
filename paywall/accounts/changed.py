"""A log-in was changed: noted in the audit log, and told to its owner by mail."""

from __future__ import annotations

from datetime import datetime

from infra.kernel.db import Tx
from paywall.accounts.audit import record
from paywall.accounts.ports import Notices
from paywall.accounts.principal import INSTALLATION, Principal


async def tell_changed(
    tx: Tx, notices: Notices, principal: Principal, what: str, now: datetime, **facts: str
) -> None:
    """`what`: password_set, passkey_added, passkey_removed, totp_on, totp_off,
    recovery_codes_renewed. The mail lets the owner notice a stranger's hand.
    """
    entry_id = await record(
        tx,
        venue_id=INSTALLATION,
        actor=principal.actor,
        action=f"account.{what}",
        subject=principal.account_id,
        data=facts,
        now=now,
    )
    await notices.mail(
        tx,
        venue_id=INSTALLATION,
        to=principal.email,
        template="account_changed",
        cause_id=entry_id,
        data={"what": what},
        locale=principal.locale,
        now=now,
    )
