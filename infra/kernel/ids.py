"""Ids: a readable prefix and 26 characters that sort by time. `evt_01k9...`."""

from __future__ import annotations

import os
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32, lower case


def new_id(prefix: str) -> str:
    """A fresh id such as ord_01k9x...: 48 bits of milliseconds, 80 of randomness (ULID layout).

    Time-ordered so that B-tree inserts stay at the right edge; not a secret.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    chars = []
    for _ in range(26):
        chars.append(_ALPHABET[value & 31])
        value >>= 5
    return prefix + "_" + "".join(reversed(chars))


def new_secret(n_bytes: int = 32) -> str:
    """An unguessable URL-safe text with 8 * n_bytes bits of randomness."""
    return secrets.token_urlsafe(n_bytes)
