"""Signatures of webhooks, out and in, after Standard Webhooks 1.0.0. Pure: no clock, no database.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-11-22.
Signed is `{id}.{timestamp}.{body}` with HMAC-SHA256 under the bytes behind `whsec_` (24 to 64 of
them); the header lists `v1,<base64>` signatures, one for each secret in force, space between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from infra.kernel.clock import epoch_s

PREFIX = "whsec_"


def new_signing_secret() -> str:
    """A secret as it is shown to the venue: whsec_ and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One `v1,...` signature."""
    assert secret.startswith(PREFIX)
    assert "." not in message_id, "a dot would let one part run into the next"
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(
    secrets: Sequence[str], message_id: str, body: bytes, now: datetime
) -> dict[str, str]:
    """The three headers; `now` is machine time of this try."""
    at = epoch_s(now)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(s, message_id, at, body) for s in secrets),
    }


TOLERANCE = timedelta(minutes=5)
"""How far a message's own time may be from ours, as the specification's libraries have it."""


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a message that came in was signed with this secret, and lately. `now`: machine time.

    headers: lower-case names to values, "" for those that are missing.
    """
    message_id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if not message_id or "." in message_id or not (at.isascii() and at.isdigit()) or len(at) > 12:
        return False
    if abs(epoch_s(now) - int(at)) > TOLERANCE.total_seconds():
        return False
    right = signature(secret, message_id, int(at), body).encode()
    given = headers["webhook-signature"][:4000].encode().split(b" ")
    return any(hmac.compare_digest(right, one) for one in given)
