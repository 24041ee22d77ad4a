"""What the house must do when money moved: owned here, implemented above by checkout.

Each call happens inside the transaction that moves the rows it is given, so that an order is
paid, posted and granted together with its payment or not at all. Implementations add and change
rows through `tx` only and never wait for the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from infra.kernel.db import Tx
from paywall.payments.tables import Dispute, Payment, Refund


class Consequences(Protocol):
    """`now` is machine time; a venue's business time is the implementer's to work out.

    Every list has one or more rows, each row once. Each of the calls comes exactly once for
    each thing that happened: the row's own state machine guards it.
    """

    async def captured(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """The money is ours, perhaps long after the order gave up waiting for it."""
        ...

    async def fees_told(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """`fee_minor` of captured payments is known; with or after `captured`, once each."""
        ...

    async def failed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """Declined, abandoned or cancelled: no money came so far."""
        ...

    async def reversed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        """Captured payments, of which `refundable` was not to be had after all."""
        ...

    async def refunded(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        """Money went back."""
        ...

    async def refund_failed(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        """It did not go back; with `succeeded_at` set, `refunded` came earlier: reverse it."""
        ...

    async def disputed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        """A bank took `dispute.amount` back, perhaps a second time after it was won."""
        ...

    async def dispute_closed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        """Won: the money is back. Lost: it stays away. `disputed` came before, always."""
        ...

    async def dispute_fees_told(
        self, tx: Tx, told: Sequence[tuple[Dispute, int]], now: datetime
    ) -> None:
        """So many minor units more (negative: less) are the processor's fees of a dispute."""
        ...
