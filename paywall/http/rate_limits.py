"""How much one caller may ask: quotas by name, counted through a port, told in every answer.

Fields as in draft-ietf-httpapi-ratelimit-headers-10 (September 2025): RateLimit-Policy carries
`q` (quota) and `w` (window in seconds), RateLimit carries `r` (remaining) and `t` (seconds until
the whole quota is there again).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final, Protocol

import msgspec

from infra.kernel.clock import Clock
from infra.kernel.errors import TooMany
from paywall.accounts.limits import Limit, network
from paywall.accounts.principal import Principal


class Quota(msgspec.Struct, frozen=True):
    """`count` requests at once, and after that one more every window_s / count seconds."""

    name: str
    count: int
    window_s: int


QUOTAS: Final = {
    quota.name: quota
    for quota in (
        # A hall's whole audience can sit behind one address when the doors open.
        Quota("public", 1200, 60),
        Quota("person", 600, 60),
        Quota("key", 6000, 60),
        # A player beats twice a minute, and a bar or a hospital watches from one address.
        Quota("beats", 12_000, 60),
    )
}


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a quota. wait_s > 0: this request was refused and did not count."""

    remaining: int
    full_in_s: int
    wait_s: int = 0


class Meter(Protocol):
    """Counts requests on machine time; in process, or shared by all workers in Redis."""

    async def spend(self, key: str, count: int, window_s: int) -> Allowance:
        """Count one request under `key`, unless the quota is used up."""
        ...


class MemoryMeter:
    """Counts in this process. The generic cell rate algorithm (ITU-T I.371): one number a key."""

    MAX_KEYS: Final = 100_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._empty_at_s: OrderedDict[str, float] = OrderedDict()

    async def spend(self, key: str, count: int, window_s: int) -> Allowance:
        now_s = self._clock.machine().timestamp()
        step_s = window_s / count
        used_s = max(self._empty_at_s.get(key, now_s) - now_s, 0.0) + step_s
        # A thousandth of a second forgives the rounding of epoch seconds in binary.
        over_s = used_s - window_s
        if over_s > 0.001:
            full_in_s = math.ceil(used_s - step_s)
            return Allowance(remaining=0, full_in_s=full_in_s, wait_s=max(1, math.ceil(over_s)))
        self._empty_at_s[key] = now_s + used_s
        self._empty_at_s.move_to_end(key)
        if len(self._empty_at_s) > self.MAX_KEYS:
            self._empty_at_s.popitem(last=False)
        return Allowance(int((window_s - used_s) / step_s + 0.001), math.ceil(used_s))


def quota_for(principal: Principal, named: str | None) -> Quota:
    """The quota that a route names in `opt["rate"]`, else the one for this kind of caller."""
    if named is not None:
        return QUOTAS[named]
    if principal.api_key_id:
        return QUOTAS["key"]
    return QUOTAS["person"] if principal.is_person else QUOTAS["public"]


async def spend(
    meter: Meter, principal: Principal, address: str, named: str | None, scale: int
) -> list[tuple[bytes, bytes]]:
    """Count this request against its caller's quota; the header fields that tell how it stands.

    `scale` multiplies every quota. Raises TooMany; its answer carries the fields too, since the
    caller of this puts them into the scope first (`fields` of the error).
    """
    quota = quota_for(principal, named)
    who = principal.actor if principal.actor != "nobody" else network(address)
    count = quota.count * scale
    left = await meter.spend(f"rate:{quota.name}:{who}", count, quota.window_s)
    fields = [
        (b"ratelimit-policy", f'"{quota.name}";q={count};w={quota.window_s}'.encode()),
        (b"ratelimit", f'"{quota.name}";r={left.remaining};t={left.full_in_s}'.encode()),
    ]
    if left.wait_s:
        raise QuotaSpent(left.wait_s, fields)
    return fields


class QuotaSpent(TooMany):
    """This caller has asked too often; `fields` are the RateLimit fields of the answer."""

    code = "rate_limited"

    def __init__(self, wait_s: int, fields: list[tuple[bytes, bytes]]) -> None:
        super().__init__(
            f"Too many requests. Wait {wait_s} s, then go on more slowly.", retry_after_s=wait_s
        )
        self.fields = fields


async def count_guess(meter: Meter, limit: Limit, address: str) -> None:
    """Count a try at something that could be guessed; TooMany when there were too many."""
    left = await meter.spend(f"{limit.name}:{network(address)}", limit.count, limit.window_s)
    if left.wait_s:
        raise TooMany(
            f"Too many tries. Wait {left.wait_s} s, then try again.", retry_after_s=left.wait_s
        )
