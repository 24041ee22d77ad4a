"""What accounts ask of others: somebody who mails, somebody who counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from infra.kernel.db import Tx


class Notices(Protocol):
    """Writes a mail into the outbox, inside the caller's transaction."""

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
        """`data` is what the template shows; `secrets` too, but they are sealed at rest.

        `cause_id` names the row that caused the mail: a second one for the same cause, template
        and address is not sent. `now` is machine time.
        """
        ...


class Limiter(Protocol):
    """Counts attempts on machine time."""

    async def hit(self, key: str, limit: int, window_s: int) -> int | None:
        """Count one attempt under `key`; None when it is allowed.

        At most `limit` attempts pass in a burst, and one more every window_s / limit seconds
        after that. Otherwise the answer is how many whole seconds (>= 1) to wait, and the refused
        attempt does not count.
        """
        ...
