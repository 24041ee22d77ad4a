"""The client for strangers' addresses reaches the Internet and nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.adapters.outside_http import (
    AddressRefused,
    OutsideBroke,
    OutsideClient,
    OutsideRules,
    OutsideUnreachable,
    check,
    system_resolver,
)
from infra.kernel.db import Database

from .local_servers import Answer, http_server, tls_pair

LIVE = OutsideRules(https_only=True)
TEST = OutsideRules(https_only=False)
LOCAL = OutsideRules(https_only=False, allow_loopback=True)


def names(table: dict[str, list[str]]):  # type: ignore[no-untyped-def]
    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in table:
            raise OSError("no such name")
        return table[host]

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.2.1",
        "198.18.0.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1",
        "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_of_ours_or_a_neighbours_is_refused(address: str) -> None:
    for rules in (LIVE, TEST):
        with pytest.raises(AddressRefused):
            check([address], rules)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1946"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert [str(one) for one in check([address], LIVE)] == [address]


def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    with pytest.raises(AddressRefused):
        check(["8.8.8.8", "10.0.0.1"], TEST)


def test_loopback_is_allowed_only_by_the_flag_and_only_loopback() -> None:
    assert check(["127.0.0.1"], LOCAL)
    with pytest.raises(AddressRefused):
        check(["192.168.0.1"], LOCAL)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "[::1]",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
)  # fmt: skip
async def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    client = OutsideClient()
    async with http_server(lambda _: Answer()) as (port, seen):
        with pytest.raises((AddressRefused, OutsideUnreachable)):
            await client.get(f"http://{host}:{port}/", rules=TEST)
    assert seen == []
    await client.close()


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("file:///etc/passwd", TEST), ("gopher://example.org/", TEST), ("ftp://example.org", TEST),
        ("http://user:pw@example.org/", TEST), ("http:///x", TEST), ("//example.org", TEST),
        ("", TEST), ("http://example.org/", LIVE), ("http://example.org:99999/", TEST),
    ],
)  # fmt: skip
async def test_what_we_never_call_is_refused_before_any_name_is_looked_up(
    url: str, rules: OutsideRules
) -> None:
    client = OutsideClient(resolver=names({}))
    with pytest.raises(AddressRefused):
        await client.post(url, headers={}, body=b"", rules=rules)
    await client.close()


async def test_a_post_reaches_the_address_that_was_checked_with_its_name_in_the_host_header() -> (
    None
):
    client = OutsideClient(resolver=names({"hooks.example": ["127.0.0.1"]}))
    async with http_server(lambda _: Answer(201, b"made")) as (port, seen):
        answer = await client.post(
            f"http://hooks.example:{port}/in?x=1", headers={"a-b": "c"}, body=b"hi", rules=LOCAL
        )
    assert (answer.status, answer.body, answer.cut) == (201, b"made", False)
    assert seen[0].startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert f"host: hooks.example:{port}".encode() in seen[0].lower()
    assert seen[0].endswith(b"hi")
    await client.close()


async def test_a_name_that_changes_its_mind_is_asked_once_and_gains_nothing() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    client = OutsideClient(resolver=rebinding)
    async with http_server(lambda _: Answer()) as (port, _):
        await client.get(f"http://rebind.example:{port}/", rules=LOCAL)
        assert asked == ["rebind.example"]
        with pytest.raises(AddressRefused):  # the next call is checked afresh
            await client.get(f"http://rebind.example:{port}/", rules=LOCAL)
    await client.close()


async def test_a_redirect_of_a_post_is_an_answer() -> None:
    client = OutsideClient(resolver=system_resolver)
    redirect = Answer(302, b"", "location: http://169.254.169.254/latest\r\n")
    async with http_server(lambda _: redirect) as (port, seen):
        answer = await client.post(f"http://127.0.0.1:{port}/", headers={}, body=b"", rules=LOCAL)
    assert answer.status == 302
    assert len(seen) == 1
    await client.close()


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://[",
    ],
)
async def test_a_redirect_of_a_get_is_checked_like_the_first_address(target: str) -> None:
    client = OutsideClient()
    redirect = Answer(302, b"", f"location: {target}\r\n")
    async with http_server(lambda _: redirect) as (port, _):
        with pytest.raises(AddressRefused):
            await client.get(f"http://127.0.0.1:{port}/", rules=LOCAL)
    await client.close()


async def test_a_redirect_keeps_headers_at_home_and_does_not_go_round_for_ever() -> None:
    client = OutsideClient(resolver=names({"a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]}))

    def answer(head: bytes) -> Answer:
        if b"/loop" in head:
            return Answer(302, b"", "location: /loop\r\n")
        if b"a.example" in head:
            return Answer(302, b"", f"location: http://b.example:{port}/there\r\n")
        return Answer(200, b"there")

    async with http_server(answer) as (port, seen):
        found = await client.get(
            f"http://a.example:{port}/", headers={"authorization": "Bearer x"}, rules=LOCAL
        )
        assert found.body == b"there"
        assert b"authorization" in seen[0].lower()
        assert b"authorization" not in seen[1].lower()
        with pytest.raises(AddressRefused):
            await client.get(f"http://a.example:{port}/loop", rules=LOCAL)
    assert len(seen) == 2 + 4
    await client.close()


async def test_an_answer_is_cut_at_its_size_limit_and_stays_packed() -> None:
    client = OutsideClient()
    big = Answer(200, b"x" * 200_000, "content-encoding: gzip\r\n")
    async with http_server(lambda _: big) as (port, _):
        answer = await client.get(f"http://127.0.0.1:{port}/", rules=LOCAL)
    assert (len(answer.body), answer.cut) == (64 * 1024, True)
    await client.close()


async def test_an_answer_that_never_ends_is_given_up() -> None:
    client = OutsideClient(total_s=0.2)
    async with http_server(lambda _: Answer(200, b"a", "content-length: 10\r\n", hang=True)) as (
        port,
        _,
    ):
        with pytest.raises(OutsideBroke):
            await client.get(f"http://127.0.0.1:{port}/", rules=LOCAL)
    await client.close()


async def test_nobody_listening_and_no_such_name_are_unreachable() -> None:
    client = OutsideClient(resolver=names({"a.example": ["127.0.0.1"]}))
    async with http_server(lambda _: Answer()) as (port, _):
        pass
    for url in (f"http://a.example:{port}/", "http://nowhere.example/"):
        with pytest.raises(OutsideUnreachable):
            await client.get(url, rules=LOCAL)
    await client.close()


async def test_tls_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    server, trust = tls_pair(tmp_path, "hooks.example")
    table = {"hooks.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    client = OutsideClient(resolver=names(table), tls=trust)
    rules = OutsideRules(https_only=True, allow_loopback=True)
    async with http_server(lambda _: Answer(), server) as (port, _):
        answer = await client.get(f"https://hooks.example:{port}/", rules=rules)
        assert answer.status == 200
        with pytest.raises(OutsideUnreachable):
            await client.get(f"https://other.example:{port}/", rules=rules)
    await client.close()


async def test_it_refuses_to_run_inside_a_transaction(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite3'}")
    client = OutsideClient()
    async with db.transaction():
        with pytest.raises(AssertionError):
            await client.get("https://example.org/", rules=LIVE)
    await client.close()
    await db.close()
