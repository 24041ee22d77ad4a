"""What an edge lets pass, and every spelling of a path that it must not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entitlements.edge import Deny, Edge, Pass, Request, check, covers, split_path
from entitlements.edge_keys import DAY_S, EdgeRing
from entitlements.tokens import PLAYBACK_TYP, PlaybackClaims, mint_playback
from infra.kernel.clock import epoch_s, from_epoch_s
from tests.entitlements.builders import ISSUER, NOW, SEALER, edge_ring

PREFIX = "/ven_1/evt_1/live/"
FILE = PREFIX + "v720/seg_00017.m4s"


class Nobody:
    """Denies the sids it was given, and demands the epochs it was given."""

    def __init__(self, *sids: str, **epochs: int) -> None:
        self.sids = set(sids)
        self.epochs = epochs

    def denies(self, sid: str) -> bool:
        return sid in self.sids

    def min_epoch(self, event_id: str) -> int:
        return self.epochs.get(event_id, 0)


def facts(**changes: Any) -> dict[str, Any]:
    issued = epoch_s(NOW)
    return {
        "iss": ISSUER,
        "aud": "edge:main",
        "sub": "p" * 22,
        "sid": "s" * 22,
        "evt": "evt_1",
        "pth": PREFIX,
        "cls": "live",
        "ep": 0,
        "iat": issued,
        "nbf": issued - 30,
        "exp": issued + 300,
        "co": "g",
    } | changes


def token(ring: EdgeRing | None = None, **changes: Any) -> str:
    return (ring or edge_ring()).signer(NOW).sign(PLAYBACK_TYP, facts(**changes))


def ask(path: str = FILE, given_token: str | None = None, **changes: Any) -> Request:
    bearer = f"Bearer {token() if given_token is None else given_token}"
    return Request(**({"path": f"/media{path}", "authorization": bearer} | changes))


def judge(request: Request, barred: Nobody | None = None, **options: Any) -> Pass | Deny:
    now = options.pop("now", NOW)
    return check(request, edge_ring(), barred or Nobody(), now, **options)


def test_the_token_is_taken_from_the_header_or_the_path_and_stripped() -> None:
    by_header = judge(ask())
    by_path = judge(Request(path=f"/media/t/{token()}{FILE}"))
    assert isinstance(by_header, Pass)
    assert by_header == by_path
    assert by_header.path == FILE


def test_without_a_token_a_player_is_asked_to_bring_one() -> None:
    for authorization in ("", "Bearer", "Bearer ", "Basic eHg6eXk=", token()):
        assert judge(ask(authorization=authorization)) == Deny(401, "no_token")


@pytest.mark.parametrize(
    "path",
    [
        "/ven_1/evt_2/live/a.m4s",
        "/ven_1/evt_1/replay/a.m4s",
        "/ven_2/evt_1/live/a.m4s",
        "/ven_1/evt_1/live",
        "/ven_1/evt_1/lively/a.m4s",
        "/ven_1/evt_1/a.m4s",
        "/ven_1/evt_11/live/a.m4s",
        "/VEN_1/EVT_1/LIVE/a.m4s",
        "/Ven_1/evt_1/live/a.m4s",
        "/x/ven_1/evt_1/live/a.m4s",
    ],
)
def test_a_token_opens_its_prefix_and_nothing_else(path: str) -> None:
    assert judge(ask(path)) == Deny(403, "prefix")


@pytest.mark.parametrize(
    "path",
    [
        PREFIX + "../../evt_2/live/a.m4s",
        PREFIX + "..",
        PREFIX + ".",
        PREFIX + "./a.m4s",
        PREFIX + "%2e%2e/a.m4s",
        PREFIX + "%2E%2E/a.m4s",
        PREFIX + ".%2e/a.m4s",
        PREFIX + "%252e%252e/a.m4s",
        PREFIX + "..%2f..%2fevt_2/a.m4s",
        PREFIX + "..%252f..%252fevt_2/a.m4s",
        PREFIX + "..%5c..%5cevt_2",
        PREFIX + "..\\..\\evt_2\\a.m4s",
        PREFIX + "%c0%ae%c0%ae/a.m4s",
        PREFIX + "..;/a.m4s",
        PREFIX + ";x=1/a.m4s",
        PREFIX + "a.m4s;jsessionid=1",
        PREFIX + "a.m4s%00.m3u8",
        PREFIX + "a.m4s\0",
        PREFIX + "a.m4s%0d%0aX: y",
        PREFIX + "a.m4s\n",
        PREFIX + "/a.m4s",
        PREFIX + "a//b.m4s",
        "/" + PREFIX + "a.m4s",
        PREFIX,
        PREFIX + "a/",
        PREFIX + ".hidden",
        PREFIX + ".../a.m4s",
        PREFIX + "a b.m4s",
        PREFIX + "a+b.m4s",
        PREFIX + "é.m4s",
        PREFIX + "\uff0e\uff0e/a.m4s",
        PREFIX + "a.m4s?x=1",
        PREFIX + "a.m4s#x",
        PREFIX + "a" * 5000,
        PREFIX + "a/" * 30 + "b",
        "",
        "/",
        "/t",
        "/t/",
        "/t/x" + FILE,
        "/t//" + FILE,
    ],
)
@pytest.mark.parametrize("carrier", ["header", "path"])
def test_a_path_in_any_other_spelling_is_refused_undecoded(path: str, carrier: str) -> None:
    carried = ask(path) if carrier == "header" else Request(path=f"/media/t/{token()}{path}")
    assert isinstance(judge(carried), Deny)
    assert judge(ask(path)) == Deny(403, "prefix" if path == "/t" else "path")


def test_nothing_outside_the_mount_is_judged_at_all() -> None:
    for path in (FILE, "/mediax" + FILE, "/Media" + FILE, "media" + FILE, "//media" + FILE):
        assert judge(Request(path=path, authorization=f"Bearer {token()}")) == Deny(403, "path")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_whatever_passes_stays_below_the_prefix(tail: str) -> None:
    verdict = judge(ask(PREFIX + tail))
    if isinstance(verdict, Pass):
        assert verdict.path == PREFIX + tail
        assert not {"..", ".", ""} & set(verdict.path.split("/")[1:])
        assert not set(verdict.path) & set("%;\\?#\0 ")


def test_a_denied_session_is_refused_though_its_token_was_passed_before() -> None:
    barred = Nobody()
    edge = Edge(edge_ring(), barred)
    assert isinstance(edge.check(ask(), NOW), Pass)
    barred.sids.add("s" * 22)
    assert edge.check(ask(), NOW) == Deny(403, "revoked")


def test_a_remembered_token_still_expires() -> None:
    edge = Edge(edge_ring(), Nobody())
    assert isinstance(edge.check(ask(), NOW), Pass)
    assert isinstance(edge.check(ask(), NOW + timedelta(seconds=299)), Pass)
    assert edge.check(ask(), NOW + timedelta(seconds=300)) == Deny(401, "expired")


def test_a_remembered_token_is_not_remembered_for_another_path_or_epoch() -> None:
    barred = Nobody()
    edge = Edge(edge_ring(), barred)
    assert isinstance(edge.check(ask(), NOW), Pass)
    assert edge.check(ask("/ven_1/evt_2/live/a.m4s"), NOW) == Deny(403, "prefix")
    barred.epochs["evt_1"] = 1
    assert edge.check(ask(), NOW) == Deny(401, "epoch")
    assert isinstance(edge.check(ask(given_token=token(ep=1)), NOW), Pass)


def test_the_memory_of_tokens_is_bounded() -> None:
    edge = Edge(edge_ring(), Nobody(), remember=3)
    for number in range(9):
        assert isinstance(edge.check(ask(given_token=token(sid=f"{number:022}")), NOW), Pass)
    assert len(edge._verified) == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aud": "edge:other"}, Deny(403, "audience")),
        ({"aud": ["edge:main"]}, Deny(403, "claim")),
        ({"cls": "replay"}, Deny(403, "prefix")),
        ({"cls": "preview"}, Deny(403, "prefix")),
        ({"cls": ""}, Deny(403, "claim")),
        ({"pth": "/"}, Deny(403, "prefix")),
        ({"pth": "/ven_1/evt_1/live"}, Deny(403, "prefix")),
        ({"pth": ""}, Deny(403, "claim")),
        ({"pth": ["/"]}, Deny(403, "claim")),
        ({"sid": None}, Deny(403, "claim")),
        ({"ep": True}, Deny(403, "claim")),
        ({"ep": "0"}, Deny(403, "claim")),
        ({"exp": epoch_s(NOW) + 6 * 3600 + 1}, Deny(403, "life")),
        ({"nbf": epoch_s(NOW) + 60}, Deny(401, "not_yet")),
        ({"net": "192.0.2.0/24"}, Deny(403, "unknown_claim")),
        ({"lim": "720p"}, Deny(403, "unknown_claim")),
        ({"m": "HEAD"}, Deny(403, "method")),
        ({"q": "start=1"}, Deny(403, "query")),
        ({"co": ["FR", "BE"]}, Deny(403, "geo")),
        ({"co": "FR"}, Deny(403, "geo")),
        ({"co": {}}, Deny(403, "geo")),
    ],
    ids=str,
)
def test_a_genuine_token_with_other_claims_is_refused(changes: Any, expected: Deny) -> None:
    assert judge(ask(given_token=token(**changes))) == expected


def test_restrictions_in_the_token_are_obeyed() -> None:
    assert isinstance(judge(ask(given_token=token(m="GET"), method="GET")), Pass)
    assert isinstance(judge(ask(given_token=token(q="a=1"), query="a=1")), Pass)
    assert judge(ask(given_token=token(q="a=1"), query="a=2")) == Deny(403, "query")
    assert isinstance(judge(ask(given_token=token(co=["FR"]), country="FR")), Pass)
    assert judge(ask(given_token=token(co=["FR"]), country="DE")) == Deny(403, "geo")
    for method in ("POST", "PUT", "DELETE", "get", ""):
        assert judge(ask(method=method)) == Deny(403, "method")


@pytest.mark.parametrize("junk", ["x" * 10_000_000, "\ud800", "a.b.c", ". .", "\0", "é.é.é"])
def test_junk_for_a_token_is_refused_without_a_fuss(junk: str) -> None:
    assert judge(ask(given_token=junk)) in (Deny(403, "too_long"), Deny(403, "malformed"))


def test_an_edge_of_one_tenant_refuses_another_tenants_tokens() -> None:
    assert isinstance(judge(ask(), issuer=ISSUER), Pass)
    assert judge(ask(), issuer="https://other.example") == Deny(403, "issuer")


def test_a_venues_own_edge_key_forges_nothing_for_another_group() -> None:
    stolen = edge_ring("venue-box")
    forged = token(stolen, aud="edge:main")
    assert judge(ask(given_token=forged)) == Deny(403, "unknown_key")
    disguised = EdgeRing(SEALER, "venue-box")
    disguised._tag = edge_ring()._tag  # the box also lies about its kid
    assert judge(ask(given_token=token(disguised, aud="edge:main"))) == Deny(403, "signature")


def test_edge_keys_overlap_as_the_days_turn() -> None:
    midnight = from_epoch_s((epoch_s(NOW) // DAY_S + 1) * DAY_S)
    ring = edge_ring()
    before = ring.signer(midnight - timedelta(seconds=1)).kid
    after = ring.signer(midnight).kid
    assert before != after
    assert after not in ring.verifiers(midnight - timedelta(seconds=601))
    assert after in ring.verifiers(midnight - timedelta(seconds=600))
    assert before in ring.verifiers(midnight + timedelta(hours=6, seconds=599))
    assert before not in ring.verifiers(midnight + timedelta(hours=6, seconds=601))


def test_a_token_of_the_old_day_is_good_to_its_end() -> None:
    midnight = from_epoch_s((epoch_s(NOW) // DAY_S + 1) * DAY_S)
    ring = edge_ring()
    last = midnight - timedelta(seconds=1)
    issued = epoch_s(last)
    old = mint_playback(
        ring.signer(last),
        PlaybackClaims(**facts(iat=issued, nbf=issued, exp=issued + 6 * 3600)),
    )
    edge = Edge(ring, Nobody())
    request = ask(given_token=old)
    assert isinstance(edge.check(request, last), Pass)
    assert isinstance(edge.check(request, last + timedelta(seconds=6 * 3600 - 1)), Pass)
    assert edge.check(request, last + timedelta(hours=6)) == Deny(401, "expired")


def test_a_new_generation_of_keys_voids_the_old_tokens() -> None:
    edge = Edge(edge_ring(), Nobody())
    old = token()
    assert isinstance(edge.check(ask(given_token=old), NOW), Pass)
    edge.ring = EdgeRing(SEALER, "main", generation=1)
    assert edge.check(ask(given_token=old), NOW) == Deny(403, "unknown_key")


def test_covers_and_split_hold_at_the_segment_boundary() -> None:
    assert covers(PREFIX, "live", FILE)
    assert not covers(PREFIX, "live", PREFIX)
    assert split_path("/media/t/a.b.c/x/y.m4s", "/media") == ("/x/y.m4s", "a.b.c")
    assert split_path("/t/a.b.c/x", "") == ("/x", "a.b.c")
    assert split_path("/media/t", "/media") == ("/t", None)
    assert split_path("/media/t/a.b.c", "/media") is None
