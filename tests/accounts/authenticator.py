"""A software authenticator: keeps ES256 passkeys and answers ceremonies as a browser would."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class _Kept:
    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    count: int = 0


class Authenticator:
    """Discoverable credentials for one origin. `counts`: whether it keeps a signature counter
    (security keys do, synced passkeys answer 0)."""

    def __init__(self, origin: str = "http://localhost:8000", *, counts: bool = True) -> None:
        self.origin = origin
        self.counts = counts
        self.verifies_user = True
        self.kept: dict[bytes, _Kept] = {}

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """navigator.credentials.create(), answered with attestation "none"."""
        key = ec.generate_private_key(ec.SECP256R1())
        credential_id = os.urandom(32)
        self.kept[credential_id] = _Kept(key, base64url_to_bytes(options["user"]["id"]))
        numbers = key.public_key().public_numbers()
        cose = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        auth_data = (
            self._auth_data(options["rp"]["id"], AT, 0)
            + b"\x00" * 16
            + struct.pack(">H", len(credential_id))
            + credential_id
            + cose
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": auth_data})
        return self._credential(
            credential_id,
            {
                "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
                "attestationObject": bytes_to_base64url(attestation),
            },
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """navigator.credentials.get() with the newest passkey."""
        credential_id, kept = list(self.kept.items())[-1]
        kept.count += self.counts
        auth_data = self._auth_data(options["rpId"], 0, kept.count)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = auth_data + hashlib.sha256(base64url_to_bytes(client_data)).digest()
        return self._credential(
            credential_id,
            {
                "clientDataJSON": client_data,
                "authenticatorData": bytes_to_base64url(auth_data),
                "signature": bytes_to_base64url(kept.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": bytes_to_base64url(kept.user_handle),
            },
        )

    def _auth_data(self, rp_id: str, flags: int, count: int) -> bytes:
        flags |= UP | (UV if self.verifies_user else 0) | (0 if self.counts else BE | BS)
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, count)

    def _client_data(self, kind: str, challenge: str) -> str:
        data = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return bytes_to_base64url(json.dumps(data).encode())

    def _credential(self, credential_id: bytes, response: dict[str, str]) -> dict[str, Any]:
        text = bytes_to_base64url(credential_id)
        return {"id": text, "rawId": text, "type": "public-key", "response": response}
