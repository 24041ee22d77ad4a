"""One contract for every Meter of request quotas: in process and in a real Redis."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from infra.adapters.redis_limits import AWAY_S, RedisMeter
from infra.kernel.clock import HandClock
from paywall.http.rate_limits import Allowance, MemoryMeter, Meter


@pytest.fixture(params=["memory", "redis"])
async def meter(request: pytest.FixtureRequest, clock: HandClock) -> AsyncIterator[Meter]:
    if request.param == "memory":
        yield MemoryMeter(clock)
        return
    redis = Redis(host="127.0.0.1", port=request.getfixturevalue("redis_port"))
    await redis.flushall()
    yield RedisMeter(redis, clock)
    await redis.aclose()


async def test_it_counts_down_refuses_and_fills_up(meter: Meter, clock: HandClock) -> None:
    assert [await meter.spend("k", 3, 60) for _ in range(3)] == [
        Allowance(2, 20), Allowance(1, 40), Allowance(0, 60),
    ]  # fmt: skip
    assert await meter.spend("k", 3, 60) == Allowance(0, 60, wait_s=20)
    assert (await meter.spend("other", 3, 60)).wait_s == 0
    clock.move(seconds=20)
    assert await meter.spend("k", 3, 60) == Allowance(0, 60)
    clock.move(seconds=60)
    assert (await meter.spend("k", 3, 60)).remaining == 2


@pytest.mark.parametrize(("count", "window_s"), [(1, 600), (7, 60), (50, 60)])
async def test_a_whole_quota_passes_at_once_and_no_more(
    meter: Meter, clock: HandClock, count: int, window_s: int
) -> None:
    for _ in range(2):
        left = await asyncio.gather(*[meter.spend("k", count, window_s) for _ in range(count)])
        assert sorted(one.remaining for one in left) == list(range(count))
        assert (await meter.spend("k", count, window_s)).wait_s > 0
        clock.move(seconds=window_s)


async def test_a_refused_request_does_not_count(meter: Meter, clock: HandClock) -> None:
    for _ in range(20):
        last = await meter.spend("k", 2, 60)
    assert last.wait_s == 30
    clock.move(seconds=30)
    assert (await meter.spend("k", 2, 60)).wait_s == 0


async def test_redis_learns_no_addresses_and_forgets(redis_port: int, clock: HandClock) -> None:
    redis = Redis(host="127.0.0.1", port=redis_port, decode_responses=True)
    await redis.flushall()
    await RedisMeter(redis, clock).spend("rate:public:203.0.113.7", 60, 60)
    (key,) = await redis.keys("*")
    assert "203.0.113" not in key
    assert 0 < await redis.pttl(key) <= 1000
    await redis.aclose()


async def test_without_redis_each_process_counts_for_itself(clock: HandClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        redis = Redis(host="127.0.0.1", port=closed.getsockname()[1], retry=None)
        meter = RedisMeter(redis, clock)
        assert [(await meter.spend("k", 2, 60)).wait_s for _ in range(3)] == [0, 0, 30]
        clock.move(seconds=AWAY_S)
        assert (await meter.spend("k", 2, 60)).wait_s == 28
        await redis.aclose()
