"""Reading a JWKS, and verifying lines of tokens against it. Fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from jwt.algorithms import ECAlgorithm
from jwt.exceptions import InvalidKeyError

from entitlements import jose
from entitlements.jose import BadKey, Keys, Refusal, VerifyKey
from entitlements.tokens import ENTITLEMENT_TYP, verify

MAX_JWKS_BYTES = 1 << 20
MAX_KEYS = 100


class UnusableJwks(Exception):
    """This text is no JWKS; the message says what is wrong with it."""


def read_jwks(text: str | bytes) -> Keys:
    """Keys by kid. A key that must not verify ES256 signatures becomes a BadKey with its reason.

    Only EC P-256 keys are used, with `alg` absent or ES256: it is the only algorithm issued, and
    an algorithm that nobody issues is only a way in. RSA, Ed25519, symmetric and private keys,
    keys for encryption, points off the curve and two keys with one kid are BadKeys. A key whose
    kid is missing or breaks the kid rule can't be named by any token and is left out.
    """
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > MAX_JWKS_BYTES:
        raise UnusableJwks(f"A JWKS has at most {MAX_JWKS_BYTES} bytes.")
    try:
        document = jose.read_json(raw.strip(), "JWKS")
    except jose.Unfit as refused:
        raise UnusableJwks(refused.refusal.detail) from None
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise UnusableJwks(f'A JWKS has a member "keys" with a list of at most {MAX_KEYS} keys.')
    keys: dict[str, VerifyKey | BadKey] = {}
    for jwk in listed:
        kid = jwk.get("kid") if isinstance(jwk, dict) else None
        if not isinstance(kid, str) or not jose.KID.fullmatch(kid):
            continue
        if kid in keys:
            keys[kid] = BadKey("key_ambiguous", "Two keys of the JWKS share this kid.")
        else:
            keys[kid] = _read_key(kid, jwk)
    return keys


def _read_key(kid: str, jwk: dict[str, Any]) -> VerifyKey | BadKey:
    if jwk.get("kty") != "EC":
        return BadKey("key_type", "This key is not an EC key; only ES256 is accepted.")
    if jwk.get("crv") != "P-256":
        return BadKey("key_type", "This key is not on the curve P-256; only ES256 is accepted.")
    if "d" in jwk:
        return BadKey("key_private", "This JWKS publishes a private key; it can't be trusted.")
    if jwk.get("use", "sig") != "sig":
        return BadKey("key_use", "This key is not for signatures (use).")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations or len(operations) != 1:
        return BadKey("key_use", "This key is not for verifying only (key_ops).")
    if jwk.get("alg", "ES256") != "ES256":
        return BadKey("key_type", "This key is not for ES256.")
    try:
        for name in ("x", "y"):
            value = jwk.get(name)
            jose.unb64(value.encode("ascii") if isinstance(value, str) else b"", name)
        return VerifyKey(kid, "ES256", ECAlgorithm.from_jwk(jwk))
    except (jose.Unfit, InvalidKeyError, ValueError):
        return BadKey("key_broken", "This key's coordinates are no point of P-256.")


def verify_lines(
    lines: Iterable[str | bytes],
    keys: Keys,
    *,
    audience: str,
    now: datetime,
    issuer: str | None = None,
    typ: str = ENTITLEMENT_TYP,
) -> Iterator[dict[str, Any]]:
    """One verdict per line, in order: {"valid": true, "claims"} or {"valid": false, "reason",
    "detail"}. A line that holds no token, or 10 MB of anything, is only one more invalid one."""
    for line in lines:
        token = line.rstrip("\r\n") if isinstance(line, str) else line.rstrip(b"\r\n")
        verdict = verify(token, keys, audience=audience, issuer=issuer, typ=typ, now=now)
        if isinstance(verdict, Refusal):
            yield {"valid": False, "reason": verdict.code, "detail": verdict.detail}
        else:
            yield {"valid": True, "claims": dict(verdict)}


def token_verify(
    lines: Iterable[str | bytes],
    jwks_text: str | bytes,
    audience: str,
    at: datetime | None,
    now: datetime,
    issuer: str | None = None,
    typ: str = ENTITLEMENT_TYP,
) -> Iterator[dict[str, Any]]:
    """What `paywall token verify` does; raises UnusableJwks before the first line is read."""
    keys = read_jwks(jwks_text)
    return verify_lines(lines, keys, audience=audience, now=at or now, issuer=issuer, typ=typ)
