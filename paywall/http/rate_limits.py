"""How much one caller may ask: quotas by name, counted through a port, told in every answer.

Fields as in draft-ietf-httpapi-ratelimit-headers-10 (September 2025): RateLimit-Policy carries
`q` (quota) and `w` (window in seconds), RateLimit carries `r` (remaining) and `t` (seconds until
the whole quota is there again).
"""

from __future__ import annotations

from typing import Final

import msgspec

from infra.kernel.errors import TooMany
from paywall.accounts.limits import network
from paywall.accounts.ports import Limiter
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
        # One a page looked at; a network that has spent it is not counted for a while.
        Quota("visits", 600, 60),
    )
}


def quota_for(principal: Principal, named: str | None) -> Quota:
    """The quota that a route names in `opt["rate"]`, else the one for this kind of caller."""
    if named is not None:
        return QUOTAS[named]
    if principal.api_key_id:
        return QUOTAS["key"]
    return QUOTAS["person"] if principal.is_person else QUOTAS["public"]


async def spend(
    limiter: Limiter, principal: Principal, address: str, named: str | None, scale: int
) -> list[tuple[bytes, bytes]]:
    """Count this request against its caller's quota; the header fields that tell how it stands.

    `scale` multiplies every quota. Raises TooMany; its answer carries the fields too, since the
    caller of this puts them into the scope first (`fields` of the error).
    """
    quota = quota_for(principal, named)
    who = principal.actor if principal.actor != "nobody" else network(address)
    count = quota.count * scale
    left = await limiter.spend(f"rate:{quota.name}:{who}", count, quota.window_s)
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
