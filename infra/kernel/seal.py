"""Sealing of secrets at rest with a master secret: AES-256-GCM under an HKDF-derived key."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class CannotUnseal(Exception):
    """The sealed text was made with another master secret, for another purpose, or was changed."""


def derive(master: bytes, purpose: str, length: int = 32) -> bytes:
    """HKDF-SHA256 of the master secret, bound to a purpose (RFC 5869, `info`)."""
    return HKDF(hashes.SHA256(), length, salt=None, info=purpose.encode()).derive(master)


class Sealer:
    """Seals small secrets. The purpose is authenticated: sealed for one, no use for another."""

    def __init__(self, master: bytes) -> None:
        assert len(master) >= 32, "a master secret has at least 32 bytes"
        self._aead = AESGCM(derive(master, "seal v1"))
        self._master = master

    def seal(self, plain: bytes, purpose: str) -> str:
        nonce = os.urandom(12)
        return base64.urlsafe_b64encode(
            b"\x01" + nonce + self._aead.encrypt(nonce, plain, purpose.encode())
        ).decode()

    def unseal(self, sealed: str, purpose: str) -> bytes:
        raw = base64.urlsafe_b64decode(sealed)
        if raw[:1] != b"\x01":
            raise CannotUnseal(purpose)
        try:
            return self._aead.decrypt(raw[1:13], raw[13:], purpose.encode())
        except InvalidTag as error:
            raise CannotUnseal(purpose) from error

    def key(self, purpose: str) -> bytes:
        """A 32-byte key of its own for a purpose, such as signing form tokens."""
        return derive(self._master, purpose)


def load_or_make_master(path: Path) -> bytes:
    """The embedded size's master secret: 32 random bytes in a file of mode 0600."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
    return path.read_bytes()
