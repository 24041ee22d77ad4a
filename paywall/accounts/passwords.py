"""Passwords: which are good enough, and argon2id in a thread so that the loop never waits.

Rules after NIST SP 800-63B-4 (August 2025) section 3.1.1.2: length and a blocklist, no
composition rules, no expiry, every character allowed, nothing cut off. NIST wants 15 characters
where a password is the only factor and 8 beside a second one; we ask for 10 of everybody and for
a second factor of everyone who sees money or people.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from infra.kernel.errors import Invalid

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 256

# OWASP Password Storage Cheat Sheet (read 2026-11): argon2id with 19 MiB, 2 passes, 1 lane is the
# least it recommends; more memory would break a small web worker's 150 MiB.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2

# The stems that the published lists of breached passwords share, once digits, signs and the usual
# letter swaps are taken away. Written for this project; a stem and decoration is not a password.
_STEMS: Final = (
    "password passwort motdepasse contrasena senha wachtwoord parola haslo passord losenord "
    "qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdfghjkl zxcvbnm qazwsx qazwsxedc "
    "abcdefghij abcdefghijkl letmein letmeinnow welcome welcomehome iloveyou iloveyouforever "
    "jetaime tequiero sunshine princess football baseball basketball superman batman spiderman "
    "pokemon starwars dragon monkey shadow master michael jennifer jordan charlie liverpool "
    "chelsea arsenal barcelona juventus realmadrid bonjour soleil doudou loulou chouchou "
    "administrator admin administrateur changeme changemenow secret topsecret whatever trustno "
    "computer internet samsung google facebook youtube summer winter spring autumn "
    "music concert livemusic ticket tickets paywall streaming passwordpassword qwertyqwerty"
)
_COMMON: Final = frozenset(_STEMS.split())
_SWAPS: Final = str.maketrans("@4301!5$7", "aaeoiisst")
_RUNS: Final = (
    "01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb",
)  # fmt: skip


def normalised(password: str) -> str:
    """One spelling of what may be typed on different keyboards (Unicode NFC)."""
    return unicodedata.normalize("NFC", password)


def check_new(password: str, *, email: str = "") -> None:
    """Raise Invalid with the remedy when a password chosen now would be easy to guess."""
    password = normalised(password)
    if len(password) < MIN_LENGTH:
        raise Invalid(
            "password",
            f"Use at least {MIN_LENGTH} characters; four unrelated words are easy to remember.",
            code="password_short",
        )
    if len(password) > MAX_LENGTH:
        raise Invalid("password", f"Use at most {MAX_LENGTH} characters.", code="password_long")
    if _guessable(password, email):
        raise Invalid(
            "password",
            "This password is among the first that anyone would try. "
            "Use four unrelated words, or let your browser suggest one.",
            code="password_common",
        )


def _guessable(password: str, email: str) -> bool:
    folded = password.casefold()
    if len(set(folded)) < 5 or any(folded in run for run in _RUNS):
        return True
    # "passw0rd2026!" and "P@ssword1234" both come down to "password".
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    stems = {
        re.sub(r"[\W\d_]", "", bare),
        re.sub(r"[\W\d_]", "", bare.translate(_SWAPS)),
        re.sub(r"[\W\d_]", "", folded.translate(_SWAPS)),
    }
    if stems & _COMMON:
        return True
    local, _, domain = email.partition("@")
    known = {email, local, domain, domain.partition(".")[0]} - {""}
    return any(len(part) >= 3 and _mostly(part.casefold(), folded) for part in known)


def _mostly(part: str, password: str) -> bool:
    """Whether the password is this known text with at most five characters around it."""
    return part in password and len(password) - len(part) <= 5


class Passwords:
    """Hashes and checks. At most `slots` at a time: each takes 19 MiB and a core."""

    def __init__(self, hasher: PasswordHasher | None = None, *, slots: int = 2) -> None:
        self._hasher = hasher or PasswordHasher(
            time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1
        )
        self._slots = asyncio.Semaphore(slots)
        self._dummy = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, normalised(password))

    async def verify(self, stored: str, password: str) -> bool:
        """Whether the password is right. An empty `stored` costs as much and is always wrong."""
        async with self._slots:
            right = await asyncio.to_thread(
                self._verify, stored or self._dummy, normalised(password)[: MAX_LENGTH + 1]
            )
        return right and stored != ""

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, stored: str) -> bool:
        """Whether a right password should be hashed anew, as the parameters have changed."""
        return self._hasher.check_needs_rehash(stored)
