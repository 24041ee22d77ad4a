"""Every line written on a request's behalf carries its id, and nothing of the next one's."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from litestar import get
from structlog.testing import capture_logs

from tests.http.conftest import Serve


@get("/deep", opt={"public": True, "rate": "off"})
async def deep() -> dict[str, str]:
    await asyncio.sleep(0)
    structlog.get_logger("deep").info("odd", seen=structlog.contextvars.get_contextvars())
    return {}


@get("/threaded", opt={"public": True, "rate": "off"}, sync_to_thread=True)
def threaded() -> dict[str, str]:
    structlog.get_logger("deep").info("odd", seen=structlog.contextvars.get_contextvars())
    return {}


async def test_lines_of_a_request_carry_the_id_that_its_answer_carries(serve: Serve) -> None:
    async with serve([deep, threaded]) as client:
        with capture_logs() as lines:
            answers = await asyncio.gather(
                *[client.get(path) for path in ("/deep", "/threaded", "/deep", "/nowhere")]
            )
    told: list[Any] = [line["seen"]["request_id"] for line in lines if line["event"] == "odd"]
    assert sorted(told) == sorted(one.headers["x-request-id"] for one in answers[:3])
    assert len(set(told)) == 3
    assert structlog.contextvars.get_contextvars() == {}
