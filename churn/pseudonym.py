"""Names of people in the lake: a keyed digest that only the key's holder can trace back. Pure."""

from __future__ import annotations

import hashlib
import hmac

KEY_PURPOSE = "lake pseudonyms v1 "
"""What the venue's key is derived for, with the venue's id behind it."""
LENGTH = 32
"""Hexadecimal digits kept of HMAC-SHA256: 128 bits, so that two people never share one."""


class Pseudonyms:
    """One venue's names for people. The same person has another name at another venue.

    A customer, a person whom an import knows by its own id, and an address are named apart, so
    that no import can pose as a customer by choosing its ids.
    """

    def __init__(self, key: bytes) -> None:
        assert len(key) >= 32, "a key of 256 bits (RFC 2104 advises the digest's length)"
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)

    def customer(self, customer_id: str) -> str:
        return self._name("customer", customer_id)

    def external(self, external_id: str) -> str:
        """Of somebody whom another system calls so."""
        return self._name("external", external_id)

    def address(self, email: str) -> str:
        """Of a normalised mail address: remembered of the erased alone, to refuse them for good."""
        return self._name("address", email)

    def _name(self, kind: str, text: str) -> str:
        digest = self._keyed.copy()
        digest.update(f"{kind}:{text}".encode())
        return digest.hexdigest()[:LENGTH]
