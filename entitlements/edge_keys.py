"""Keys of edges: one symmetric key per group, generation and day, derived and never stored.

HKDF-SHA256 of the master secret, bound to the group's name. An edge is handed only its own
group's keys, so a stolen venue box can forge tokens for its own group and no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from entitlements import jose
from entitlements.jose import Signer, VerifyKey
from entitlements.tables import EdgeGroupKey
from entitlements.tokens import PLAYBACK_TYP, PROFILES
from infra.kernel.clock import epoch_s
from infra.kernel.db import Tx
from infra.kernel.seal import Sealer

DAY_S = 86_400
AHEAD_S = 600
"""The next day's key is with the edges this long before its first use."""
KEPT_S = PROFILES[PLAYBACK_TYP].max_life_s + 600
"""A day's key is kept this long after its last use: the longest token and a margin."""


class EdgeRing:
    """The keys of one edge group. Rotation is arithmetic on machine time, so nothing can be late.

    Raising `generation` drops every key at once (a leak); clients then ask for new tokens.
    """

    def __init__(self, sealer: Sealer, group: str, generation: int = 0) -> None:
        assert group, "an edge group has a name"
        self.group = group
        self.generation = generation
        self.audience = f"edge:{group}"
        self._sealer = sealer
        # Two groups' kids differ for people who read logs; the audience and the key separate them.
        self._tag = jose.b64(hashlib.sha256(group.encode()).digest()[:3]).decode()
        self._signers: dict[int, Signer] = {}
        self._verifiers: dict[tuple[int, int], Mapping[str, VerifyKey]] = {}

    def signer(self, now: datetime) -> Signer:
        """Signs playback tokens today (UTC)."""
        day = epoch_s(now) // DAY_S
        if day not in self._signers:
            self._signers = {day: Signer(self._kid(day), "HS256", self.key(day))}
        return self._signers[day]

    def verifiers(self, now: datetime) -> Mapping[str, VerifyKey]:
        """Keys that an edge accepts at this moment, by kid."""
        seconds = epoch_s(now)
        span = ((seconds - KEPT_S) // DAY_S, (seconds + AHEAD_S) // DAY_S)
        if span not in self._verifiers:
            days = range(span[0], span[1] + 1)
            keys = [VerifyKey(self._kid(day), "HS256", self.key(day)) for day in days]
            self._verifiers = {span: {key.kid: key for key in keys}}
        return self._verifiers[span]

    def key(self, day: int) -> bytes:
        """The 32 bytes of a day (Unix time // 86400), to be handed to this group's edges only."""
        return self._sealer.key(f"edge key v1 {self.generation} {day} {self.group}")

    def _kid(self, day: int) -> str:
        return f"{self._tag}{self.generation % 1000}-{day}"


async def load_edge_ring(tx: Tx, sealer: Sealer, group: str) -> EdgeRing:
    """The group's ring at its present generation."""
    generation = await tx.scalar(select(EdgeGroupKey.generation).where(EdgeGroupKey.id == group))
    return EdgeRing(sealer, group, generation or 0)


async def drop_edge_keys(tx: Tx, group: str) -> int:
    """After a leak: every token of this edge group is void once its edges have the new keys."""
    row = await tx.get(EdgeGroupKey, group, with_for_update=True)
    if row is None:
        row = EdgeGroupKey(id=group, generation=0)
        tx.add(row)
    row.generation += 1
    await tx.flush()
    return row.generation
