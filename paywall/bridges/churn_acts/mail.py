"""The act `mail`: words of the venue to one person."""

from __future__ import annotations

from churn.ports import Doing, Given
from churn.triggers.acts import Mail
from infra.kernel.db import Tx
from paywall.bridges.churn_acts.letters import Letters


async def do(tx: Tx, doing: Doing, act: Mail, letters: Letters) -> Given:
    await letters.write(tx, doing, act)
    return Given(travels=True)
