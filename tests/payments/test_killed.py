"""The shop is killed for real in the middle of its call; the next tick finds the truth."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path

import pytest

from paywall.payments.tables import PaymentState
from tests.payments.conftest import Till


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["hang_before", "hang_after"])
async def test_a_shop_killed_while_it_waits_for_the_processor_charges_once(
    till: Till, mode: str
) -> None:
    payment = await till.intend(metadata={"sandbox_card": "4242424242424242"})
    await till.bench.fault("payments.create", mode, seconds=4)
    shop = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.payments.doomed_shop",
        till.db.engine.url.render_as_string(hide_password=False),
        till.url,
        payment.id,
        base64.b64encode(b"m" * 32).decode(),
        cwd=Path(__file__).parents[2],
    )
    async with asyncio.timeout(20):
        while (await till.bench.ask("GET", "/test/faults"))["faults"]:
            continue  # until the processor has the request in hand
    shop.kill()
    await shop.wait()
    assert (await till.payment(payment.id)).state is PaymentState.SENT
    await till.move(seconds=31)
    await till.reborn().tick()
    assert (await till.payment(payment.id)).state is PaymentState.CAPTURED
    assert till.heard.of(payment.id) == ["captured", "fee"]
    assert await till.bench.charges(payment.id) == 1
