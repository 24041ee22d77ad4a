"""What a request's headers say: machines, refusals, kinds of device."""

from __future__ import annotations

import pytest

from paywall.crm.visit_signs import device_of, is_machine, refuses

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/538.1 Version/8.0 TV Safari/538.1"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def test_the_kind_of_device_is_all_that_is_taken_from_a_browsers_name() -> None:
    assert [device_of(agent) for agent in (FIREFOX, IPHONE, TV)] == ["web", "phone", "tv"]


@pytest.mark.parametrize("agent", ["", "curl/8.5", GOOGLEBOT, FIREFOX + " HeadlessChrome/130"])
def test_machines_are_not_people(agent: str) -> None:
    assert is_machine({"user-agent": agent})


@pytest.mark.parametrize("agent", [FIREFOX, IPHONE, TV])
def test_people_are_not_machines(agent: str) -> None:
    assert not is_machine({"user-agent": agent})


def test_a_page_fetched_ahead_was_seen_by_nobody() -> None:
    assert is_machine({"user-agent": FIREFOX, "sec-purpose": "prefetch;prerender"})


@pytest.mark.parametrize(
    ("headers", "cookie"), [({"sec-gpc": "1"}, ""), ({"dnt": "1"}, ""), ({}, "no")]
)
def test_each_way_of_saying_no_is_heard(headers: dict[str, str], cookie: str) -> None:
    assert refuses(headers, cookie)
    assert not refuses({}, "")
