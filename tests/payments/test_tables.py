"""State tables: every pair of states either moves or raises, as the table says."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from infra.kernel.errors import BadTransition
from paywall.payments.port import DisputeStanding
from paywall.payments.tables import (
    ACCOUNT_TRANSITIONS,
    DISPUTE_TRANSITIONS,
    INBOX_TRANSITIONS,
    MANDATE_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    AccountState,
    Dispute,
    GatewayAccount,
    InboxRow,
    InboxState,
    Mandate,
    MandateState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

MACHINES: list[tuple[Any, type[StrEnum], Mapping[Any, frozenset[Any]]]] = [
    (Payment, PaymentState, PAYMENT_TRANSITIONS),
    (Refund, RefundState, REFUND_TRANSITIONS),
    (Dispute, DisputeStanding, DISPUTE_TRANSITIONS),
    (Mandate, MandateState, MANDATE_TRANSITIONS),
    (InboxRow, InboxState, INBOX_TRANSITIONS),
    (GatewayAccount, AccountState, ACCOUNT_TRANSITIONS),
]
PAIRS = [
    pytest.param(kind, table, here, there, id=f"{kind.__name__}-{here}-{there}")
    for kind, states, table in MACHINES
    for here in states
    for there in states
]


@pytest.mark.parametrize(("kind", "table", "here", "there"), PAIRS)
def test_every_pair_moves_or_refuses_as_its_table_says(
    kind: Any, table: Mapping[Any, frozenset[Any]], here: Any, there: Any
) -> None:
    row = kind(id="x", state=here)
    if there in table[here]:
        row.move(there)
        assert row.state is there
    else:
        with pytest.raises(BadTransition):
            row.move(there)
        assert row.state is here


def test_a_payment_that_took_money_only_ever_becomes_one_that_could_not_be_collected() -> None:
    assert PAYMENT_TRANSITIONS[PaymentState.CAPTURED] == {PaymentState.REVERSED}
    assert not PAYMENT_TRANSITIONS[PaymentState.REVERSED]


def test_money_that_comes_late_is_honoured_from_every_state_that_was_sent() -> None:
    for state in set(PaymentState) - {
        PaymentState.CREATED,
        PaymentState.CAPTURED,
        PaymentState.REVERSED,
    }:
        assert PaymentState.CAPTURED in PAYMENT_TRANSITIONS[state]
