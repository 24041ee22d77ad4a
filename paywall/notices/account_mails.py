"""Answers accounts' port for mails with the outbox: links and tokens are sealed at rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.kernel.db import Tx
from paywall.notices.outbox import Outbox, mail


class AccountMails:
    """The `Notices` of `paywall.accounts.ports`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def mail(
        self,
        tx: Tx,
        *,
        venue_id: str,
        to: str,
        template: str,
        cause_id: str,
        data: Mapping[str, Any],
        now: datetime,
        locale: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        notice = mail(
            venue_id,
            to,
            template,
            cause_id,
            dict(data),
            locale=locale,
            secrets=dict(secrets or {}),
        )
        await self._outbox.enqueue(tx, [notice], now)
