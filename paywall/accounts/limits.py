"""How often somebody may try what: the table of limits, and counting inside one process."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections import OrderedDict
from typing import Final

import msgspec

from infra.kernel.clock import Clock
from infra.kernel.errors import TooMany
from paywall.accounts.ports import Allowance, Limiter


class Limit(msgspec.Struct, frozen=True):
    """`count` attempts at once, then one more every window_s / count seconds."""

    name: str
    count: int
    window_s: int


# NIST SP 800-63B-4 section 3.2.2 allows at most 100 failed attempts in a row on one account; ours
# are lower. The pair limit comes first, so that a stranger elsewhere can't easily lock one out.
LOGIN_PER_ADDRESS_AND_NETWORK = Limit("login.pair", 10, 15 * 60)
LOGIN_PER_ADDRESS = Limit("login.address", 40, 60 * 60)
LOGIN_PER_NETWORK = Limit("login.network", 100, 15 * 60)
LINK_PER_ADDRESS = Limit("link.address", 5, 15 * 60)
LINK_PER_NETWORK = Limit("link.network", 30, 15 * 60)
REDEEM_PER_NETWORK = Limit("redeem.network", 60, 15 * 60)
CODE_PER_ACCOUNT = Limit("code.account", 10, 60 * 60)
PASSWORD_PER_ACCOUNT = Limit("password.account", 10, 15 * 60)
CEREMONY_PER_NETWORK = Limit("ceremony.network", 120, 15 * 60)
INVITE_PER_VENUE = Limit("invite.venue", 50, 24 * 60 * 60)
VOTE_PER_NETWORK = Limit("vote.network", 60, 15 * 60)
CONTACT_PER_ADDRESS = Limit("contact.address", 5, 60 * 60)
CONTACT_PER_NETWORK = Limit("contact.network", 20, 60 * 60)
TALKS_PER_NETWORK = Limit("talk.network", 60, 15 * 60)
ASKED_PER_TALK = Limit("talk.asked", 15, 60)
ASKED_PER_NETWORK = Limit("talk.asked.network", 240, 15 * 60)
HANDED_OVER_PER_NETWORK = Limit("talk.handed.network", 20, 60 * 60)
ACTS_PER_ACCOUNT = Limit("act.account", 20, 60 * 60)
COUPON_PER_NETWORK = Limit("coupon.network", 20, 10 * 60)


class MemoryLimiter:
    """Counts in this process: right for one process, lost when it ends.

    The generic cell rate algorithm (ITU-T I.371): per key one number, the moment at which the
    bucket would be empty again.
    """

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


def network(ip: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that an IPv6 host is given whole."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip[:64]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


async def enforce(limiter: Limiter, *attempts: tuple[Limit, str]) -> None:
    """Count each attempt (a limit and whom it concerns); raise TooMany at the first refusal.

    Subjects are hashed: the counter's store learns no addresses.
    """
    for limit, subject in attempts:
        key = f"{limit.name}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
        wait_s = (await limiter.spend(key, limit.count, limit.window_s)).wait_s
        if wait_s:
            raise TooMany(
                f"Too many tries. Wait {_spoken(wait_s)}, then try again.", retry_after_s=wait_s
            )


def _spoken(wait_s: int) -> str:
    minutes = math.ceil(wait_s / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
