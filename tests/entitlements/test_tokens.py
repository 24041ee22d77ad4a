"""Tokens that nobody may accept, and the few that everybody must."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from entitlements.jose import Keys, Refusal, Signer, VerifyKey
from entitlements.jwks import UnusableJwks, read_jwks, token_verify
from entitlements.tokens import ENTITLEMENT_TYP, PLAYBACK_TYP, verify
from infra.kernel.clock import epoch_s
from tests.entitlements.builders import NOW, edge_ring

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
KID = "es-test-1"
NOW_S = epoch_s(NOW)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: Any = KEY, **members: Any) -> dict[str, Any]:
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return dict(public) | {"kid": KID, "use": "sig", "alg": "ES256"} | members


def keys(*jwks: dict[str, Any]) -> Keys:
    return read_jwks(json.dumps({"keys": list(jwks or [jwk()])}))


def claims(**changes: Any) -> dict[str, Any]:
    facts = {
        "iss": "https://cave.example/v/cave",
        "aud": "app",
        "sub": "cus_1",
        "sid": "s" * 22,
        "evt": "evt_1",
        "iat": NOW_S,
        "nbf": NOW_S - 30,
        "exp": NOW_S + 600,
    }
    return {name: value for name, value in (facts | changes).items() if value is not ...}


def enc(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw_token(header: bytes, payload: bytes, key: Any = KEY) -> str:
    """A correctly signed token of exactly these bytes."""
    message = f"{enc(header)}.{enc(payload)}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(message.encode(), key)
    return f"{message}.{enc(signature)}"


def token(body: Any = None, key: Any = KEY, **header: Any) -> str:
    members = {"alg": "ES256", "kid": KID, "typ": ENTITLEMENT_TYP} | header
    members = {name: value for name, value in members.items() if value is not ...}
    payload = claims() if body is None else body
    return raw_token(json.dumps(members).encode(), json.dumps(payload).encode(), key)


def judge(given_token: str | bytes, known: Keys | None = None, **changes: Any) -> Any:
    options: dict[str, Any] = {
        "audience": "app",
        "issuer": None,
        "typ": ENTITLEMENT_TYP,
        "now": NOW,
    }
    return verify(given_token, keys() if known is None else known, **(options | changes))


def code(given_token: str | bytes, known: Keys | None = None, **changes: Any) -> str:
    verdict = judge(given_token, known, **changes)
    return verdict.code if isinstance(verdict, Refusal) else "valid"


def hmac_with_public_key() -> str:
    header = enc(json.dumps({"alg": "HS256", "kid": KID, "typ": ENTITLEMENT_TYP}).encode())
    message = f"{header}.{enc(json.dumps(claims()).encode())}"
    return f"{message}.{enc(hmac.new(PEM, message.encode(), hashlib.sha256).digest())}"


def with_signature(change: Callable[[bytes], bytes]) -> str:
    head, payload, signature = token().split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return f"{head}.{payload}.{enc(change(raw))}"


def loose_bits() -> str:
    """The same signature bytes, spelled with other unused bits in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = token()
    return good[:-1] + alphabet[alphabet.index(good[-1]) ^ 1]


def der(signature: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )


HEADER = json.dumps({"alg": "ES256", "kid": KID, "typ": ENTITLEMENT_TYP}).encode()
BODY = json.dumps(claims()).encode()

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "empty"),
    "two parts": ("a.b", "malformed"),
    "four parts": (token() + ".x", "malformed"),
    "jwe of five parts": ("a.b.c.d.e", "malformed"),
    "only dots": ("..", "malformed"),
    "json serialisation": (json.dumps({"payload": "e30", "signatures": []}), "malformed"),
    "not ascii": ("é" * 10, "malformed"),
    "binary": (bytes(range(256)), "malformed"),
    "too long": (token(claims(pad="x" * 2000)), "too_long"),
    "ten megabytes": ("A" * 10_000_000, "too_long"),
    "ten megabytes of dots": ("." * 10_000_000, "too_long"),
    "padding after the signature": (token() + "=", "malformed"),
    "two paddings": (token() + "==", "malformed"),
    "padding in the header": (token().replace(".", "=.", 1), "malformed"),
    "space at the end": (token() + " ", "malformed"),
    "space in front": (" " + token(), "malformed"),
    "newline inside": (token().replace(".", "\n.", 1), "malformed"),
    "standard alphabet": (token()[:-4] + "+/+/", "malformed"),
    "loose bits": (loose_bits(), "malformed"),
    "header is a list": (raw_token(b"[]", BODY), "malformed"),
    "header is a number": (raw_token(b"1", BODY), "malformed"),
    "header with a byte order mark": (raw_token(b"\xef\xbb\xbf" + HEADER, BODY), "malformed"),
    "header in utf-16": (raw_token(HEADER.decode().encode("utf-16"), BODY), "malformed"),
    "header twice": (raw_token(HEADER + HEADER, BODY), "malformed"),
    "alg none": (token(alg="none"), "alg"),
    "alg None": (token(alg="None"), "alg"),
    "alg nOnE, no signature": (token(alg="nOnE").rsplit(".", 1)[0] + ".", "alg"),
    "alg empty": (token(alg=""), "alg"),
    "alg null": (token(alg=None), "alg"),
    "alg missing": (token(alg=...), "alg"),
    "alg a list": (token(alg=["ES256"]), "alg"),
    "alg lower case": (token(alg="es256"), "alg"),
    "alg with a space": (token(alg="ES256 "), "alg"),
    "alg RS256": (token(alg="RS256"), "alg"),
    "alg ES384": (token(alg="ES384"), "alg"),
    "alg ES256K": (token(alg="ES256K"), "alg"),
    "alg HS256 with the public key": (hmac_with_public_key(), "alg"),
    **{
        f"header member {name}": (token(**{name: value}), "header_member")
        for name, value in {
            "jwk": jwk(OTHER),
            "jku": "https://evil.example/jwks.json",
            "x5u": "https://evil.example/cert.pem",
            "x5c": ["MIIB"],
            "x5t": "AAAA",
            "crit": ["exp"],
            "b64": False,
            "zip": "DEF",
            "cty": "JWT",
            "enc": "A128GCM",
            "iss": "https://evil.example",
            "": "",
        }.items()
    },
    "typ missing": (token(typ=...), "typ"),
    "typ JWT": (token(typ="JWT"), "typ"),
    "typ of a playback token": (token(typ=PLAYBACK_TYP), "typ"),
    "typ of an access token": (token(typ="at+jwt"), "typ"),
    "typ in capitals": (token(typ="ENT+JWT"), "typ"),
    "typ with application/": (token(typ="application/ent+jwt"), "typ"),
    "typ a list": (token(typ=[ENTITLEMENT_TYP]), "typ"),
    "kid missing": (token(kid=...), "kid"),
    "kid a number": (token(kid=1234), "kid"),
    "kid null": (token(kid=None), "kid"),
    "kid a path": (token(kid="../../dev/null"), "kid"),
    "kid sql": (token(kid="x' OR '1'='1"), "kid"),
    "kid prototype": (token(kid="__proto__"), "unknown_key"),
    "kid of 1 kB": (token(kid="k" * 1024), "kid"),
    "kid with a newline": (token(kid=KID + "\n"), "kid"),
    "kid with a NUL": (token(kid=KID + "\0"), "kid"),
    "kid unknown": (token(kid="es-test-2"), "unknown_key"),
    "duplicate alg": (
        raw_token(HEADER.replace(b"{", b'{"alg": "none", ', 1), BODY),
        "duplicate",
    ),
    "another key": (token(key=OTHER), "signature"),
    "no signature": (token().rsplit(".", 1)[0] + ".", "malformed"),
    "payload changed": (
        ".".join([token().split(".")[0], enc(json.dumps(claims(sub="cus_2")).encode()), "A" * 86]),
        "signature",
    ),
    "zero signature": (with_signature(lambda raw: bytes(64)), "signature"),
    "r is zero": (with_signature(lambda raw: bytes(32) + raw[32:]), "signature"),
    "s is zero": (with_signature(lambda raw: raw[:32] + bytes(32)), "signature"),
    "r and s are the order": (
        with_signature(lambda raw: P256_ORDER.to_bytes(32, "big") * 2),
        "signature",
    ),
    "s plus nothing but a zero byte": (with_signature(lambda raw: raw + b"\0"), "signature"),
    "signature cut": (with_signature(lambda raw: raw[:-1]), "signature"),
    "signature in DER": (with_signature(der), "signature"),
    "payload a list": (raw_token(HEADER, b"[1]"), "malformed"),
    "payload empty": (HEADER.decode() and f"{enc(HEADER)}..AAAA", "signature"),
    "payload not utf-8": (raw_token(HEADER, b'{"sub": "\xff"}'), "malformed"),
    "payload a lone surrogate": (raw_token(HEADER, b'{"sub": "\\ud800"}'), "malformed"),
    "payload NaN": (raw_token(HEADER, b'{"exp": NaN}'), "malformed"),
    "payload 1e999": (raw_token(HEADER, b'{"exp": 1e999}'), "malformed"),
    "payload with a comment": (raw_token(HEADER, BODY + b"//"), "malformed"),
    "payload nested": (raw_token(HEADER, b'{"a":' + b"[" * 700 + b"]" * 700 + b"}"), "nested"),
    "payload unclosed": (raw_token(HEADER, b'{"a":' + b"[" * 1300), "nested"),
    "duplicate exp": (raw_token(HEADER, BODY.replace(b"}", b', "exp": 9}')), "duplicate"),
    "duplicate deep inside": (
        raw_token(HEADER, BODY.replace(b"}", b', "a": [{"b": 1, "b": 1}]}')),
        "duplicate",
    ),
    "integer of 1,000 digits": (
        raw_token(HEADER, BODY.replace(str(NOW_S + 600).encode(), b"9" * 1000)),
        "claim",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused_with_its_reason(name: str) -> None:
    hostile, expected = HOSTILE[name]
    assert code(hostile) == expected


@pytest.mark.parametrize("name", ["iat", "nbf", "exp"])
@pytest.mark.parametrize(
    "value",
    [..., None, True, False, "1800000000", float(NOW_S), NOW_S + 0.5, -1, 1 << 63, [NOW_S], {}],
    ids=str,
)
def test_a_time_that_is_no_whole_number_is_refused(name: str, value: Any) -> None:
    assert code(token(claims(**{name: value}))) == "claim"


@pytest.mark.parametrize("name", ["iss", "sub"])
@pytest.mark.parametrize("value", [..., None, "", 7, ["cus_1"]], ids=str)
def test_issuer_and_subject_are_text(name: str, value: Any) -> None:
    assert code(token(claims(**{name: value}))) == "claim"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("app", "valid"),
        ("App", "audience"),
        ("app ", "audience"),
        ("edge:main", "audience"),
        (["app"], "claim"),  # exact: one token, one reader
        (["app", "evil"], "claim"),
        ("", "claim"),
        (None, "claim"),
        (..., "claim"),
    ],
    ids=str,
)
def test_the_audience_is_exactly_one_reader(value: Any, expected: str) -> None:
    assert code(token(claims(aud=value))) == expected


def test_the_issuer_is_compared_exactly_where_one_is_expected() -> None:
    assert code(token(), issuer="https://cave.example/v/cave") == "valid"
    assert code(token(), issuer="https://cave.example/v/cave/") == "issuer"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-41, "not_yet"), (-40, "valid"), (0, "valid"), (599, "valid"), (600, "expired")],
)
def test_valid_from_nbf_with_leeway_until_exp_without(seconds: int, expected: str) -> None:
    assert code(token(), now=NOW + timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": NOW_S + 900}, "valid"),
        ({"exp": NOW_S + 901}, "life"),
        ({"exp": 253402300799}, "life"),
        ({"exp": NOW_S}, "life"),
        ({"iat": NOW_S + 700, "exp": NOW_S + 600}, "life"),
        ({"nbf": NOW_S + 600}, "life"),
        ({"nbf": NOW_S + 60}, "not_yet"),
        ({"iat": NOW_S + 60}, "not_yet"),
        ({"iat": NOW_S - 400, "exp": NOW_S + 500}, "valid"),
    ],
    ids=str,
)
def test_a_token_lives_no_longer_than_its_class_allows(
    changes: dict[str, int], expected: str
) -> None:
    assert code(token(claims(**changes))) == expected


def test_a_malleated_signature_verifies_and_bears_the_same_sid() -> None:
    """RFC 7518 allows both s and n - s; so revocation goes by sid and never by token bytes."""

    def mirror(raw: bytes) -> bytes:
        return raw[:32] + (P256_ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")

    copy = with_signature(mirror)
    assert judge(copy) == judge(token()) == claims()


BAD_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "for encryption": (jwk(use="enc"), "key_use"),
    "use of another type": (jwk(use=["sig"]), "key_use"),
    "key_ops encrypt": (jwk(key_ops=["encrypt"]), "key_use"),
    "key_ops verify and decrypt": (jwk(key_ops=["verify", "decrypt"]), "key_use"),
    "key_ops text": (jwk(key_ops="verify"), "key_use"),
    "alg ES384": (jwk(alg="ES384"), "key_type"),
    "alg HS256": (jwk(alg="HS256"), "key_type"),
    "curve of another name": (jwk(crv="P-384"), "key_type"),
    "curve secp256k1": (jwk(crv="secp256k1"), "key_type"),
    "kty RSA": (jwk(kty="RSA"), "key_type"),
    "kty oct": ({"kty": "oct", "kid": KID, "k": enc(PEM)}, "key_type"),
    "kty missing": ({"kid": KID}, "key_type"),
    "private": (jwk(d="AAAA"), "key_private"),
    "off the curve": (jwk(y=enc(bytes(31) + b"\1")), "key_broken"),
    "at infinity": (jwk(x=enc(bytes(32)), y=enc(bytes(32))), "key_broken"),
    "short coordinate": (jwk(x=enc(b"\1" * 31)), "key_broken"),
    "padded coordinate": (jwk(x=jwk()["x"] + "="), "key_broken"),
    "coordinate a number": (jwk(x=1), "key_broken"),
    "coordinate not ascii": (jwk(x="é"), "key_broken"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_that_must_not_verify_says_why(name: str) -> None:
    bad, expected = BAD_KEYS[name]
    assert code(token(), keys(bad)) == expected


def test_two_keys_with_one_kid_verify_nothing() -> None:
    assert code(token(), keys(jwk(), jwk(OTHER))) == "key_ambiguous"


def test_rsa_and_ed25519_keys_verify_nothing_even_where_the_set_lists_them() -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ed_key = ed25519.Ed25519PrivateKey.generate()
    listed = keys(
        dict(RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True)) | {"kid": "rsa-1"},
        dict(OKPAlgorithm.to_jwk(ed_key.public_key(), as_dict=True)) | {"kid": "eddsa-1"},
        jwk(),
    )
    for key, alg, kid in ((rsa_key, "RS256", "rsa-1"), (ed_key, "EdDSA", "eddsa-1")):
        signed = jwt.encode(
            claims(),
            key,  # type: ignore[arg-type]
            alg,
            {"kid": kid, "typ": ENTITLEMENT_TYP},
        )
        assert code(signed, listed) == "alg"
        assert code(token(kid=kid), listed) == "key_type"
    assert code(token(), listed) == "valid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": null}',
        '{"keys": [], "keys": []}',
        b"\xff\xfe",
        "[" * 100_000,
        '{"keys": ' + "[" * 5000,
        " " * (1 << 20) + "{}",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_text_that_is_no_jwks_is_said_before_any_token_is_read(text: str | bytes) -> None:
    with pytest.raises(UnusableJwks):
        token_verify(iter([]), text, "app", None, NOW)


def test_keys_without_a_usable_kid_are_left_out() -> None:
    strange = [jwk(kid=None), jwk(kid="x"), jwk(kid="k" * 17), jwk(kid=["a"]), 1, None, "text"]
    assert keys(*strange) == {}  # type: ignore[arg-type]


def test_every_line_gets_one_verdict_in_order() -> None:
    lines = [token() + "\n", "\n", b"\xff\x00\n", token().encode() + b"\r\n", "x" * 10_000_000]
    jwks = json.dumps({"keys": [jwk()]})
    verdicts = list(token_verify(lines, jwks, "app", NOW, NOW + timedelta(days=1)))
    assert [verdict["valid"] for verdict in verdicts] == [True, False, False, True, False]
    assert verdicts[0]["claims"] == claims()
    assert [verdict.get("reason") for verdict in verdicts[1:]] == [
        "empty",
        "malformed",
        None,
        "too_long",
    ]


def test_no_class_or_reader_accepts_the_token_of_another() -> None:
    """The whole matrix of signer, class and audience against every reader: only the diagonal."""
    groups = [edge_ring("main"), edge_ring("venue-box")]
    playback = {
        **claims(),
        "pth": "/ven_1/evt_1/live/",
        "cls": "live",
        "ep": 0,
    }
    signers = {"jwks": Signer(KID, "ES256", KEY)} | {
        ring.audience: ring.signer(NOW) for ring in groups
    }
    readers: dict[str, tuple[Keys, str, str]] = {"jwks": (keys(), ENTITLEMENT_TYP, "app")} | {
        ring.audience: (ring.verifiers(NOW), PLAYBACK_TYP, ring.audience) for ring in groups
    }
    everything = {kid: key for known, _, _ in readers.values() for kid, key in known.items()}
    audiences = ["app", *(ring.audience for ring in groups)]
    for signed_by, signer in signers.items():
        for typ in (ENTITLEMENT_TYP, PLAYBACK_TYP, "JWT"):
            for audience in audiences:
                crossed = signer.sign(typ, playback | {"aud": audience})
                for name, (known, wanted_typ, wanted_audience) in readers.items():
                    own = signed_by == name and typ == wanted_typ and audience == wanted_audience
                    verdict = code(crossed, known, typ=wanted_typ, audience=wanted_audience)
                    assert (verdict == "valid") == own, (signed_by, typ, audience, name)
                    # Even a reader that held every key of the house would keep them apart.
                    if typ != wanted_typ or audience != wanted_audience:
                        assert (
                            code(crossed, everything, typ=wanted_typ, audience=wanted_audience)
                            != "valid"
                        )


def test_an_edge_key_never_verifies_by_es256_nor_a_public_key_by_hs256() -> None:
    ring = edge_ring()
    known = {KID: VerifyKey(KID, "HS256", ring.key(1))}
    assert code(token(), known) == "alg"


def test_what_is_accepted_is_accepted_by_pyjwt_too() -> None:
    decoded = jwt.decode(
        token(), PEM, ["ES256"], audience="app", options={"verify_exp": False, "verify_nbf": False}
    )
    assert decoded == judge(token())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_junk_raises_or_passes(junk: bytes | str) -> None:
    assert isinstance(judge(junk), Refusal)


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_token_with_one_changed_byte_passes(position: int, flip: int) -> None:
    good = bytearray(token().encode())
    good[position % len(good)] ^= flip
    assert isinstance(judge(bytes(good)), Refusal)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(claims())) | st.text(max_size=5), JSON, min_size=1))
def test_signed_claims_of_any_shape_never_raise(changes: dict[str, Any]) -> None:
    verdict = judge(token(claims() | changes))
    assert isinstance(verdict, Refusal) or verdict == claims() | changes
