"""Quotas: told in every answer, counted per caller, honest about proxies."""

from __future__ import annotations

import pytest
from litestar import get

from infra.kernel.clock import HandClock
from paywall.http.client_address import client_address, is_direct_loopback
from paywall.http.rate_limits import QUOTAS
from tests.http.conftest import Serve


@get("/v1/open", opt={"public": True}, sync_to_thread=False)
def opened() -> dict[str, str]:
    return {}


async def test_every_answer_tells_how_the_quota_stands(serve: Serve) -> None:
    count = QUOTAS["public"].count
    async with serve([opened]) as client:
        answer = await client.get("/v1/open")
    assert answer.headers["ratelimit-policy"] == f'"public";q={count};w=60'
    assert answer.headers["ratelimit"] == f'"public";r={count - 1};t=1'


async def test_who_asks_too_often_waits_and_others_do_not(serve: Serve, clock: HandClock) -> None:
    async with serve([opened], peer="198.51.100.9") as client:
        for _ in range(QUOTAS["public"].count):
            assert (await client.get("/v1/open")).status_code == 200
        refused = await client.get("/v1/open")
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate_limited"
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit"].startswith('"public";r=0;t=60')
        clock.move(seconds=1)
        assert (await client.get("/v1/open")).status_code == 200


def _scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    return {
        "client": (peer, 1) if peer else None,
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
    }


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("198.51.100.1", ["1.2.3.4"], "", "198.51.100.1"),
        ("198.51.100.1", ["1.2.3.4"], "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "10.0.0.0/8", "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "10.0.0.0/8", "1.2.3.4"),
        ("10.0.0.1", [], "10.0.0.0/8", "10.0.0.1"),
        (None, [], "10.0.0.0/8", ""),
    ],
)
def test_only_trusted_proxies_are_believed(
    peer: str | None, forwarded: list[str], trusted: str, expected: str
) -> None:
    assert client_address(_scope(peer, *forwarded), trusted) == expected  # type: ignore[arg-type]


def test_a_proxy_on_this_machine_is_not_this_machine() -> None:
    assert is_direct_loopback(_scope("127.0.0.1"))  # type: ignore[arg-type]
    assert not is_direct_loopback(_scope("127.0.0.1", "1.2.3.4"))  # type: ignore[arg-type]


async def test_metrics_are_for_this_machine_or_a_token(serve: Serve) -> None:
    async with serve() as client:
        assert (await client.get("/metrics")).status_code == 404
    async with serve(peer="127.0.0.1") as client:
        await client.get("/health/live")
        page = await client.get("/metrics")
    assert page.status_code == 200
    line = 'paywall_http_requests_total{method="GET",route="/health/live",status="200"} 1.0'
    assert line in page.text
