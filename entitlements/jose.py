"""Strict reading and writing of compact JWS. No clock, no database, no policy about claims.

PyJWT's algorithm objects do the cryptography (constant-time compare included); its decoder is not
used, because it takes duplicate members, `=` and a second parse of untrusted JSON (PyJWT 2.15.1,
read 2026-11). Only a key decides the algorithm: a token's `alg` must merely agree with it.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import math
import re
from collections.abc import Mapping
from json.decoder import JSONDecoder
from typing import Any, NoReturn

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from jwt.algorithms import ECAlgorithm, HMACAlgorithm

MAX_TOKEN_BYTES = 2048
MAX_DEPTH = 4
KID = re.compile(r"[A-Za-z0-9_-]{4,16}")
HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})

Keys = Mapping[str, "VerifyKey | BadKey"]


class Refusal(msgspec.Struct, frozen=True):
    """Why a token is not accepted: a stable code and a sentence for whoever debugs it."""

    code: str
    detail: str


class Unfit(Exception):
    """Ends the reading of a token; never leaves this package's verifying functions."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, detail)


class VerifyKey:
    """A key that checks signatures, loaded once and kept: loading a PEM costs 100 verifications."""

    __slots__ = ("_algorithm", "_key", "alg", "kid", "signature_bytes")

    def __init__(self, kid: str, alg: str, key: Any) -> None:
        assert KID.fullmatch(kid), kid
        self.kid = kid
        self.alg = alg
        self._algorithm: Any = _algorithm(alg)
        self._key = self._algorithm.prepare_key(key)
        self.signature_bytes = 64 if alg == "ES256" else 32

    def verify(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != self.signature_bytes:
            return False
        if self.alg == "ES256" and not (any(signature[:32]) and any(signature[32:])):
            return False  # "psychic" signatures, CVE-2022-21449; OpenSSL refuses them too
        return bool(self._algorithm.verify(message, self._key, signature))


class BadKey(msgspec.Struct, frozen=True):
    """A key of a JWKS that must not verify anything; its tokens are refused with this reason."""

    code: str
    detail: str


class Signer:
    """Signs with one loaded key; the encoded header is made once per class of token."""

    __slots__ = ("_algorithm", "_headers", "_key", "alg", "kid")

    def __init__(self, kid: str, alg: str, key: Any) -> None:
        assert KID.fullmatch(kid), kid
        self.kid = kid
        self.alg = alg
        self._algorithm: Any = _algorithm(alg)
        self._key = self._algorithm.prepare_key(key)
        self._headers: dict[str, bytes] = {}

    def sign(self, typ: str, claims: Mapping[str, Any]) -> str:
        """The compact JWS of these claims."""
        header = self._headers.get(typ)
        if header is None:
            members = {"alg": self.alg, "kid": self.kid, "typ": typ}
            header = self._headers[typ] = b64(msgspec.json.encode(members)) + b"."
        message = header + b64(msgspec.json.encode(claims))
        token = message + b"." + b64(self._algorithm.sign(message, self._key))
        assert len(token) <= MAX_TOKEN_BYTES, "a token of ours is longer than any reader accepts"
        return token.decode()


def _algorithm(alg: str) -> Any:
    if alg == "ES256":
        return ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)
    assert alg == "HS256", alg
    return HMACAlgorithm(HMACAlgorithm.SHA256)


class Opened(msgspec.Struct, frozen=True):
    """A token whose signature is right. What its claims are worth is for the caller to judge."""

    kid: str
    typ: str
    claims: dict[str, Any]


def open_token(token: str | bytes, keys: Keys, typ: str) -> Opened:
    """Check form, header, key and signature, in that order, and read the claims; else Unfit.

    The payload is not parsed before its signature has been verified.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise Unfit("too_long", f"A token has at most {MAX_TOKEN_BYTES} bytes.")
    if isinstance(token, str):
        try:
            token = token.encode("ascii")
        except UnicodeEncodeError:
            raise Unfit("malformed", "A token is ASCII; this holds other characters.") from None
    if not token:
        raise Unfit("empty", "There is no token here.")
    parts = token.split(b".")
    if len(parts) != 3:
        raise Unfit("malformed", "A token has three parts with dots between.")
    header = read_json(unb64(parts[0], "header"), "header")
    key = _key_for(header, keys, typ)
    signature = unb64(parts[2], "signature")
    if not key.verify(token[: len(parts[0]) + 1 + len(parts[1])], signature):
        raise Unfit("signature", "The signature does not fit this key and this content.")
    return Opened(key.kid, typ, read_json(unb64(parts[1], "payload"), "payload"))


def _key_for(header: dict[str, Any], keys: Keys, typ: str) -> VerifyKey:
    strange = header.keys() - HEADER_MEMBERS
    if strange:
        named = ", ".join(sorted(strange))[:60]
        raise Unfit("header_member", f"The header may hold alg, kid and typ, not {named!a}.")
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in ("ES256", "HS256"):  # which of the two, the key says further down
        raise Unfit("alg", "The header names no algorithm that is used here.")
    if header.get("typ") != typ:
        raise Unfit("typ", f"The token's class is not {typ}.")
    if not isinstance(kid, str) or not KID.fullmatch(kid):
        raise Unfit("kid", "The header's kid is missing or is not 4 to 16 of A-Z a-z 0-9 _ -.")
    key = keys.get(kid)
    if key is None:
        raise Unfit("unknown_key", "No key with this kid is known here.")
    if isinstance(key, BadKey):
        raise Unfit(key.code, key.detail)
    if alg != key.alg:
        raise Unfit("alg", f"This key signs with {key.alg} only.")
    return key


def b64(raw: bytes) -> bytes:
    """base64url without padding."""
    return (
        binascii.b2a_base64(raw, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")
    )


def unb64(text: bytes, where: str) -> bytes:
    """Bytes of canonical unpadded base64url; Unfit for any other spelling of them."""
    if not text:
        raise Unfit("malformed", f"The {where} is empty.")
    try:
        raw = binascii.a2b_base64(
            text.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(text) % 4)
        )
    except binascii.Error:
        raise Unfit("malformed", f"The {where} is not base64url.") from None
    # One comparison refuses foreign characters, padding and loose bits at the end.
    if b64(raw) != text:
        raise Unfit("malformed", f"The {where} is not canonical base64url without padding.")
    return raw


def read_json(raw: bytes, where: str) -> dict[str, Any]:
    """One JSON object: UTF-8, no duplicate members at any depth, no NaN, bounded depth."""
    try:
        text = raw.decode("utf-8")
        _refuse_depth(text, where)
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are not text
    except Unfit:
        raise
    except (ValueError, RecursionError):
        raise Unfit("malformed", f"The {where} is not JSON.") from None
    if not isinstance(value, dict):
        raise Unfit("malformed", f"The {where} is not a JSON object.")
    return value


def _refuse_depth(text: str, where: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return  # can't be deeper than it has brackets
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unfit("nested", f"The {where} is nested deeper than {MAX_DEPTH}.")
        elif char in "}]":
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unfit("duplicate", "A member appears twice in one JSON object.")
    return members


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("1e999 is no number that JSON can be written with again")
    return value


_DECODER = JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite)


def fingerprint(token: str) -> bytes:
    """A short name of a token's exact bytes: a cache key, never what a revocation goes by."""
    return hashlib.sha256(token.encode("ascii", "replace")).digest()[:16]
