"""One sentence carried over a redirect ("Paused."), with the way to undo it. Sealed in a cookie."""

from __future__ import annotations

import binascii

import msgspec
from litestar.datastructures import Cookie

from infra.kernel.seal import CannotUnseal, Sealer

COOKIE = "pw_said"
_PURPOSE = "console flash v1"
_LIFE_S = 120


class Undo(msgspec.Struct, frozen=True):
    """The form that takes the act back: a path of ours and hidden fields."""

    path: str
    fields: dict[str, str] = {}


class Said(msgspec.Struct, frozen=True):
    text: str
    undo: Undo | None = None
    secret: str = ""
    """Shown this once, such as a new key."""
    secrets: list[str] = []


def keep(sealer: Sealer, said: Said, *, secure: bool) -> Cookie:
    """The cookie that brings the sentence to the next page."""
    value = sealer.seal(msgspec.json.encode(said), _PURPOSE)
    return _cookie(value, _LIFE_S, secure=secure)


def read(sealer: Sealer, value: str) -> Said | None:
    """What the cookie holds; None for a missing, old or made-up one."""
    if not value or len(value) > 3500:
        return None
    try:
        return msgspec.json.decode(sealer.unseal(value, _PURPOSE), type=Said)
    except (CannotUnseal, msgspec.DecodeError, binascii.Error, ValueError):
        return None


def forget(*, secure: bool) -> Cookie:
    return _cookie("", 0, secure=secure)


def _cookie(value: str, max_age_s: int, *, secure: bool) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=value,
        max_age=max_age_s,
        path="/console",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
