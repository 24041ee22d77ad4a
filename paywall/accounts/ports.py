"""What accounts ask of others: somebody who mails, somebody who counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

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


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a limit. wait_s > 0: this try was refused and did not count."""

    remaining: int
    full_in_s: int
    wait_s: int = 0


class Limiter(Protocol):
    """Counts tries on machine time; in process, or shared by all workers in Redis."""

    async def spend(self, key: str, count: int, window_s: int) -> Allowance:
        """Count one try under `key`, unless the limit is used up.

        At most `count` pass in a burst, and one more every window_s / count seconds after that.
        A refused try says how many whole seconds (>= 1) to wait, and does not count.
        """
        ...
