"""One contract for every Limiter: in process and in a real Redis."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from infra.adapters.redis_limits import AWAY_S, RedisLimiter
from infra.kernel.clock import HandClock
from infra.kernel.errors import TooMany
from infra.kernel.ids import new_secret
from paywall.accounts.limits import Limit, MemoryLimiter, enforce
from paywall.accounts.ports import Allowance, Limiter


@pytest.fixture(params=["memory", "redis"])
async def limiter(request: pytest.FixtureRequest, clock: HandClock) -> AsyncIterator[Limiter]:
    if request.param == "memory":
        yield MemoryLimiter(clock)
        return
    redis = Redis(host="127.0.0.1", port=request.getfixturevalue("redis_port"))
    await redis.flushall()
    yield RedisLimiter(redis, clock)
    await redis.aclose()


async def hit(limiter: Limiter, key: str, count: int, window_s: int) -> int | None:
    """Seconds to wait; None where the try passed."""
    return (await limiter.spend(key, count, window_s)).wait_s or None


async def test_a_burst_passes_up_to_the_limit(limiter: Limiter) -> None:
    assert [await hit(limiter, "a", 3, 60) for _ in range(3)] == [None] * 3
    assert await hit(limiter, "a", 3, 60) == 20


async def test_a_refused_attempt_does_not_count(limiter: Limiter, clock: HandClock) -> None:
    for _ in range(3):
        await hit(limiter, "a", 3, 60)
    for _ in range(50):
        assert await hit(limiter, "a", 3, 60) is not None
    clock.move(seconds=20)
    assert await hit(limiter, "a", 3, 60) is None
    assert await hit(limiter, "a", 3, 60) == 20


async def test_waiting_as_told_is_enough(limiter: Limiter, clock: HandClock) -> None:
    for _ in range(7):
        await hit(limiter, "a", 7, 60)
    for _ in range(20):
        wait_s = await hit(limiter, "a", 7, 60)
        assert wait_s is not None
        clock.move(seconds=wait_s)
        assert await hit(limiter, "a", 7, 60) is None


async def test_after_a_whole_window_the_burst_is_back(limiter: Limiter, clock: HandClock) -> None:
    for _ in range(5):
        await hit(limiter, "a", 5, 60)
    clock.move(seconds=60)
    assert [await hit(limiter, "a", 5, 60) for _ in range(5)] == [None] * 5
    assert await hit(limiter, "a", 5, 60) is not None


async def test_keys_do_not_disturb_each_other(limiter: Limiter) -> None:
    assert await hit(limiter, "a", 1, 60) is None
    assert await hit(limiter, "a", 1, 60) == 60
    assert await hit(limiter, "b", 1, 60) is None


async def test_a_crowd_at_one_instant_gets_the_limit_and_no_more(limiter: Limiter) -> None:
    answers = await asyncio.gather(*(hit(limiter, "a", 10, 60) for _ in range(50)))
    assert sum(answer is None for answer in answers) == 10


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    limit=st.integers(1, 8),
    pauses_s=st.lists(st.integers(0, 40), min_size=1, max_size=30),
)
async def test_in_any_window_at_most_twice_the_limit_passes(
    limiter: Limiter, clock: HandClock, limit: int, pauses_s: list[int]
) -> None:
    """A burst plus what trickled in: the known bound of a token bucket."""
    key = new_secret(6)
    passed: list[float] = []
    for pause_s in pauses_s:
        clock.move(seconds=pause_s)
        if await hit(limiter, key, limit, 60) is None:
            passed.append(clock.monotonic())
    for start in passed:
        assert sum(start <= moment < start + 60 for moment in passed) <= 2 * limit


async def test_enforce_tells_when_to_come_back_and_hides_the_subject(limiter: Limiter) -> None:
    once = Limit("test.once", 1, 600)
    await enforce(limiter, (once, "jeanne@example.org"))
    with pytest.raises(TooMany) as refusal:
        await enforce(limiter, (once, "jeanne@example.org"))
    assert refusal.value.retry_after_s == 600
    assert "10 minutes" in refusal.value.detail


async def test_redis_learns_no_addresses_and_forgets_counters(
    redis_port: int, clock: HandClock
) -> None:
    redis = Redis(host="127.0.0.1", port=redis_port, decode_responses=True)
    await redis.flushall()
    await enforce(RedisLimiter(redis, clock), (Limit("test.once", 1, 600), "jeanne@example.org"))
    (key,) = await redis.keys("*")
    assert "jeanne" not in key
    assert 0 < await redis.pttl(key) <= 600_000
    await redis.aclose()


async def test_without_redis_each_process_counts_for_itself(clock: HandClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        redis = Redis(host="127.0.0.1", port=closed.getsockname()[1], retry=None)
        with pytest.raises(RedisConnectionError):
            await redis.ping()
        limiter = RedisLimiter(redis, clock)
        assert await hit(limiter, "a", 1, 60) is None
        assert await hit(limiter, "a", 1, 60) == 60
        await redis.aclose()


async def test_memory_holds_a_bounded_number_of_keys() -> None:
    limiter = MemoryLimiter(HandClock(datetime(2026, 1, 1, tzinfo=UTC)))
    for i in range(limiter.MAX_KEYS + 10):
        await hit(limiter, str(i), 1, 60)
    assert len(limiter._empty_at_s) == limiter.MAX_KEYS


async def test_it_counts_down_refuses_and_fills_up(limiter: Limiter, clock: HandClock) -> None:
    assert [await limiter.spend("k", 3, 60) for _ in range(3)] == [
        Allowance(2, 20), Allowance(1, 40), Allowance(0, 60),
    ]  # fmt: skip
    assert await limiter.spend("k", 3, 60) == Allowance(0, 60, wait_s=20)
    assert (await limiter.spend("other", 3, 60)).wait_s == 0
    clock.move(seconds=20)
    assert await limiter.spend("k", 3, 60) == Allowance(0, 60)
    clock.move(seconds=60)
    assert (await limiter.spend("k", 3, 60)).remaining == 2


@pytest.mark.parametrize(("count", "window_s"), [(1, 600), (7, 60), (50, 60)])
async def test_a_whole_quota_passes_at_once_and_no_more(
    limiter: Limiter, clock: HandClock, count: int, window_s: int
) -> None:
    for _ in range(2):
        left = await asyncio.gather(*[limiter.spend("k", count, window_s) for _ in range(count)])
        assert sorted(one.remaining for one in left) == list(range(count))
        assert (await limiter.spend("k", count, window_s)).wait_s > 0
        clock.move(seconds=window_s)


async def test_a_refused_request_does_not_count(limiter: Limiter, clock: HandClock) -> None:
    for _ in range(20):
        last = await limiter.spend("k", 2, 60)
    assert last.wait_s == 30
    clock.move(seconds=30)
    assert (await limiter.spend("k", 2, 60)).wait_s == 0


async def test_a_redis_that_is_away_is_left_alone_for_a_while(clock: HandClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        redis = Redis(host="127.0.0.1", port=closed.getsockname()[1], retry=None)
        limiter = RedisLimiter(redis, clock)
        assert [(await limiter.spend("k", 2, 60)).wait_s for _ in range(3)] == [0, 0, 30]
        clock.move(seconds=AWAY_S)
        assert (await limiter.spend("k", 2, 60)).wait_s == 28
        await redis.aclose()
