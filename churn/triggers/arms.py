"""The coin: who of a trigger's people gets nothing. Pure, and the same for ever."""

from __future__ import annotations

import hashlib

from churn.triggers.tables import Arm


def arm_of(seed: str, person: str, holdout_bps: int) -> Arm:
    """SHA-256 of seed and person as a number below 10,000: below the share, the person is held out.

    It asks no row, so that nothing a crash loses can change it; a person stays in the arm through
    all rounds, and raising the share moves nobody out of it.
    """
    digest = hashlib.sha256(f"{seed}\x00{person}".encode()).digest()
    # 64 bits against 10,000: the remainder's bias is below 10^-15.
    draw = int.from_bytes(digest[:8]) % 10_000
    return Arm.HELD_OUT if draw < holdout_bps else Arm.TREATED
