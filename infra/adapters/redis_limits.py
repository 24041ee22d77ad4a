"""Rate limits counted in Redis, shared by every worker. One key a counter, so Cluster-safe."""

from __future__ import annotations

import asyncio
import hashlib
import math

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from infra.kernel.clock import Clock
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.ports import Allowance

_log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 0.25
"""A quota is not worth more of a request's time than this."""
AWAY_S = 2.0
"""After Redis failed to answer, nobody asks it for this long."""

# The same arithmetic as MemoryLimiter, in microseconds; the moment comes from the caller's clock.
# Redis turns Lua numbers into integers on return, and keeps 53 bits: enough until the year 2255.
_SPEND = """
local now = tonumber(ARGV[1])
local step = tonumber(ARGV[2])
local window = tonumber(ARGV[3])
local empty_at = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
if empty_at < now then empty_at = now end
local used = empty_at - now + step
if used - window > 1000 then return {used - step, used - window} end
redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
return {used, 0}
"""


class RedisLimiter:
    """A Limiter for many processes. While Redis can't answer, each process counts for itself."""

    def __init__(self, redis: Redis | RedisCluster, clock: Clock, *, prefix: str = "limit") -> None:
        self._clock = clock
        self._prefix = prefix
        self._script = redis.register_script(_SPEND)
        self._fallback = MemoryLimiter(clock)
        self._away_until_s = 0.0

    async def spend(self, key: str, count: int, window_s: int) -> Allowance:
        if self._clock.monotonic() < self._away_until_s:
            return await self._fallback.spend(key, count, window_s)
        now_us = int(self._clock.machine().timestamp() * 1_000_000)
        window_us = window_s * 1_000_000
        step_us = window_us // count
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                used_us, over_us = await self._script(
                    keys=[f"{self._prefix}:{_blurred(key)}"], args=[now_us, step_us, window_us]
                )
        except (RedisError, OSError, TimeoutError) as error:
            # Every request asks: without a pause each would wait for a Redis that is not there.
            self._away_until_s = self._clock.monotonic() + AWAY_S
            _log.warning("limits_without_redis", error=type(error).__name__)
            return await self._fallback.spend(key, count, window_s)
        full_in_s = math.ceil(int(used_us) / 1_000_000)
        if over_us:
            wait_s = max(1, math.ceil(int(over_us) / 1_000_000))
            return Allowance(remaining=0, full_in_s=full_in_s, wait_s=wait_s)
        left_us = window_us - int(used_us)
        return Allowance(remaining=(left_us + 1000) // step_us, full_in_s=full_in_s)


def _blurred(key: str) -> str:
    """Keys hold people's networks, which Redis need not learn."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
