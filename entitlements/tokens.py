"""Classes of tokens: what each claims, how one is minted, and the one way any is verified.

T1, the entitlement assertion (`ent+jwt`, ES256, JWKS), is read by apps, venues and partners.
T2, the playback token (`pb+jwt`, HS256, one key per edge group), is read by edges only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from entitlements import jose
from entitlements.jose import Keys, Refusal, Signer
from entitlements.ports import Kind
from infra.kernel.clock import epoch_s

ENTITLEMENT_TYP = "ent+jwt"
PLAYBACK_TYP = "pb+jwt"

NBF_LEEWAY_S = 10
"""Given to `nbf` against skewed clocks; `exp` gets none: nbf - 10 s <= now < exp."""
NBF_BACKDATE_S = 30
"""A minted token's nbf lies this far before its iat, for readers whose clock is behind."""
_MAX_EPOCH_S = 1 << 40  # the year 36812; beyond it a number is no date but an attack

Claims = Mapping[str, Any]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of tokens must look like."""

    typ: str
    max_life_s: int
    texts: tuple[str, ...]  # claims that must be there as non-empty text
    optional_texts: tuple[str, ...] = ()
    integers: tuple[str, ...] = ("iat", "nbf", "exp")
    known: frozenset[str] | None = None
    """When set, any other claim is refused: a reader must not skip a limit it doesn't know."""


PLAYBACK_KNOWN = frozenset(
    {"iss", "aud", "sub", "sid", "evt", "pth", "m", "iat", "nbf", "exp", "co", "ep", "cls", "q"}
)

PROFILES: Mapping[str, Profile] = {
    # RFC 8725 section 3.8 wants iss and sub; sid and evt are typed where they are present.
    ENTITLEMENT_TYP: Profile(
        typ=ENTITLEMENT_TYP,
        max_life_s=15 * 60,
        texts=("iss", "aud", "sub"),
        optional_texts=("sid", "evt", "cls", "jti"),
    ),
    PLAYBACK_TYP: Profile(
        typ=PLAYBACK_TYP,
        max_life_s=6 * 3600,
        texts=("iss", "aud", "sub", "sid", "evt", "pth", "cls"),
        optional_texts=("m", "q"),
        integers=("iat", "nbf", "exp", "ep"),
        known=PLAYBACK_KNOWN,
    ),
}


class EntitlementClaims(msgspec.Struct, frozen=True, kw_only=True):
    """T1. `win` is the right's own window in Unix seconds of the venue's business time."""

    iss: str
    aud: str
    sub: str
    sid: str
    evt: str
    cls: Kind
    win: tuple[int, int]
    iat: int
    nbf: int
    exp: int


class PlaybackClaims(msgspec.Struct, frozen=True, kw_only=True):
    """T2. `co` is "g": the countries are the edge's own policy, or up to five codes."""

    iss: str
    aud: str
    sub: str
    sid: str
    evt: str
    pth: str
    cls: Kind
    ep: int
    iat: int
    nbf: int
    exp: int
    co: str = "g"


def mint_entitlement(signer: Signer, claims: EntitlementClaims) -> str:
    assert signer.alg == "ES256"
    assert 0 < claims.exp - claims.iat <= PROFILES[ENTITLEMENT_TYP].max_life_s
    return signer.sign(ENTITLEMENT_TYP, msgspec.structs.asdict(claims))


def mint_playback(signer: Signer, claims: PlaybackClaims) -> str:
    assert signer.alg == "HS256"
    assert 0 < claims.exp - claims.iat <= PROFILES[PLAYBACK_TYP].max_life_s
    return signer.sign(PLAYBACK_TYP, msgspec.structs.asdict(claims))


def verify(
    token: str | bytes,
    keys: Keys,
    *,
    audience: str,
    issuer: str | None,
    typ: str,
    now: datetime,
    leeway_s: int = NBF_LEEWAY_S,
) -> Claims | Refusal:
    """The one way a token of ours is verified; every reader goes through here.

    `now` is machine time. `issuer` None accepts any issuer whose key is among `keys`. Returns
    the claims, or a Refusal whose code is one of: empty, too_long, malformed, nested, duplicate,
    header_member, typ, kid, unknown_key, alg, key_* (see `entitlements.jwks`), signature, claim,
    unknown_claim, life, audience, issuer, not_yet, expired.

    Two spellings of one ES256 signature (s and n - s) both verify: RFC 7518 allows either and
    signers emit both. So nothing may be denied by a token's bytes; denials go by `sid`.
    """
    assert audience, "a verifier has a name"
    try:
        opened = jose.open_token(token, keys, typ)
        _check_claims(opened.claims, PROFILES[typ])
        _check_reader(opened.claims, audience, issuer)
        _check_times(opened.claims, PROFILES[typ], epoch_s(now), leeway_s)
    except jose.Unfit as refused:
        return refused.refusal
    return opened.claims


def _check_claims(claims: Claims, profile: Profile) -> None:
    for name in profile.texts:
        value = claims.get(name)
        if type(value) is not str or not value:
            raise jose.Unfit("claim", f"The claim {name} must be there as text.")
    for name in profile.optional_texts:
        value = claims.get(name, "-")
        if type(value) is not str or not value:
            raise jose.Unfit("claim", f"The claim {name} must be text.")
    for name in profile.integers:
        value = claims.get(name)
        # bool is an int to Python, and 1e9 a number to JSON; neither is a moment.
        if type(value) is not int or not 0 <= value <= _MAX_EPOCH_S:
            raise jose.Unfit("claim", f"The claim {name} must be there as a whole number.")
    if profile.known is not None and not claims.keys() <= profile.known:
        raise jose.Unfit("unknown_claim", "The token holds a claim that this reader can't obey.")


def _check_reader(claims: Claims, audience: str, issuer: str | None) -> None:
    if claims["aud"] != audience:
        raise jose.Unfit("audience", "The token is meant for another reader.")
    if issuer is not None and claims["iss"] != issuer:
        raise jose.Unfit("issuer", "The token comes from another issuer.")


def _check_times(claims: Claims, profile: Profile, now_s: int, leeway_s: int) -> None:
    issued, not_before, expires = claims["iat"], claims["nbf"], claims["exp"]
    if not 0 < expires - issued <= profile.max_life_s or not_before >= expires:
        raise jose.Unfit("life", f"Tokens of this class live at most {profile.max_life_s} s.")
    if now_s >= expires:
        raise jose.Unfit("expired", "The token's time is over.")
    # nbf decides; iat may be ahead of a reader whose clock is behind, as far as nbf allows for.
    if now_s < not_before - leeway_s or now_s < issued - NBF_BACKDATE_S - leeway_s:
        raise jose.Unfit("not_yet", "The token is not valid yet.")
