"""Rate limits counted in Redis, shared by every worker. One key a counter, so Cluster-safe."""

from __future__ import annotations

import math

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from infra.kernel.clock import Clock
from paywall.accounts.limits import MemoryLimiter

_log = structlog.get_logger(__name__)

# The same arithmetic as MemoryLimiter, in microseconds; the moment comes from the caller's clock.
# Redis turns Lua numbers into integers on return, and keeps 53 bits: enough until the year 2255.
_HIT = """
local now = tonumber(ARGV[1])
local step = tonumber(ARGV[2])
local window = tonumber(ARGV[3])
local empty_at = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
if empty_at < now then empty_at = now end
local wait = empty_at + step - window - now
if wait > 1000 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', empty_at + step), 'PX', math.ceil(window / 1000))
return 0
"""


class RedisLimiter:
    """A Limiter for many processes. While Redis can't answer, each process counts for itself."""

    def __init__(self, redis: Redis | RedisCluster, clock: Clock, *, prefix: str = "limit") -> None:
        self._clock = clock
        self._prefix = prefix
        self._script = redis.register_script(_HIT)
        self._fallback = MemoryLimiter(clock)

    async def hit(self, key: str, limit: int, window_s: int) -> int | None:
        now_us = int(self._clock.machine().timestamp() * 1_000_000)
        window_us = window_s * 1_000_000
        try:
            wait_us = await self._script(
                keys=[f"{self._prefix}:{key}"], args=[now_us, window_us // limit, window_us]
            )
        except RedisError as error:
            _log.warning("limits_without_redis", error=type(error).__name__)
            return await self._fallback.hit(key, limit, window_s)
        return max(1, math.ceil(int(wait_us) / 1_000_000)) if wait_us else None
