"""The console shows a role what it may open, and opens nothing else."""

from __future__ import annotations

import re

import pytest

from paywall.accounts.roles import VENUE_ROLES, Permission, Role, allowed
from paywall.http.guards import SAFE_METHODS
from paywall.pages import PAGES as VIEWER_PAGES
from paywall.pages.console.nav import VENUE_SECTIONS
from paywall.pages.console.router import CONSOLE, PAGES
from paywall.routes import ROUTES
from tests.pages.console.conftest import Console

NAV = re.compile(r'<nav class="console__nav".*?</nav>', re.DOTALL)


def test_no_page_of_the_console_is_open_to_nobody() -> None:
    for page in PAGES:
        assert not page.opt.get("public"), page.paths
        assert page.opt.get("person") or isinstance(page.opt.get("permission"), Permission)


def test_every_form_with_a_permission_leaves_its_fresh_check_to_the_confirmation() -> None:
    """Forms are guarded for freshness by the router's own step, which keeps what was typed."""
    assert CONSOLE.before_request is not None
    for page in PAGES:
        writes = not page.http_methods <= SAFE_METHODS
        if writes and "permission" in page.opt:
            assert page.opt.get("page"), page.paths


def test_the_guard_leaves_the_fresh_check_to_nobody_but_the_console() -> None:
    for page in PAGES:
        assert page.before_request is None, "a step of its own would replace the router's"
    for route in (*ROUTES, *VIEWER_PAGES):
        assert not route.opt.get("page"), route.paths


async def test_nobody_is_sent_to_the_log_in_and_back(console: Console) -> None:
    nobody = await console.client()
    answer = await nobody.get(f"{console.at}/orders?state=paid")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/console/")
    assert "state" in answer.headers["location"]


async def test_a_key_does_not_open_the_console_whatever_its_scopes(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    answer = await owner.post(
        f"{console.at}/keys/new", data={"name": "Till", "scopes": ["orders.read"]}
    )
    page = await owner.get(answer.headers["location"])
    key = re.search(r"pwk_test_[\w-]+(?=</code>)", page.text)
    assert key is not None
    program = await console.client()
    program.headers.update({"Authorization": f"Bearer {key[0]}", "Accept": "application/json"})
    assert (await program.get(f"/v1/venues/{console.venue_id}/orders")).status_code == 200
    refused = await program.get(f"{console.at}/orders")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_stranger_is_told_that_the_venue_does_not_exist(console: Console) -> None:
    viewer = await console.sign_in()
    for section in VENUE_SECTIONS:
        assert (await viewer.get(console.at + section.path)).status_code == 404


async def test_staff_of_one_venue_do_not_see_the_neighbour(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    for section in VENUE_SECTIONS:
        answer = await owner.get(f"/console/{console.neighbour_id}{section.path}")
        assert answer.status_code == 404


@pytest.mark.parametrize("role", sorted(VENUE_ROLES))
async def test_a_role_is_shown_and_opens_exactly_its_sections(console: Console, role: Role) -> None:
    browser = await console.sign_in(role)
    mine = allowed(frozenset({role}))
    for section in VENUE_SECTIONS:
        answer = await browser.get(console.at + section.path)
        assert answer.status_code == (200 if section.permission in mine else 403), section.key
        found = NAV.search(answer.text)
        shown = set() if found is None else set(re.findall(r'href="([^"]+)"', found[0]))
        assert shown == {console.at + s.path for s in VENUE_SECTIONS if s.permission in mine}


async def test_money_and_people_wait_for_the_second_factor(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER, strong=False)
    orders = await owner.get(f"{console.at}/orders")
    assert orders.status_code == 303
    assert orders.headers["location"] == f"/console/confirm?next={console.at}/orders"
    # An account without any factor is led to set one up first, and not in circles.
    confirm = await owner.get(orders.headers["location"])
    assert confirm.headers["location"].startswith("/console/security?next=/console/")
    assert (await owner.get(confirm.headers["location"])).status_code == 200
    assert (await owner.get(console.at)).status_code == 200
    assert (await owner.get(f"{console.at}/events")).status_code == 200


async def test_the_operator_opens_a_venue_and_invites_its_owner(console: Console) -> None:
    operator = await console.operator()
    page = await operator.get("/console/installation/venues/new")
    form_id = re.search(r'name="form_id" value="([^"]+)"', page.text)
    assert form_id is not None
    answer = await operator.post(
        "/console/installation/venues/new",
        data={
            "form_id": form_id[1], "name": "Le Hangar", "slug": "hangar", "owner": "o@example.org",
            "country": "FR", "timezone": "Europe/Paris", "currency": "EUR",
        },
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert "Le Hangar" in (await operator.get("/console/installation/venues")).text
    # An operator opens no venue's console by that role.
    assert (await operator.get(console.at)).status_code == 404


async def test_a_path_elsewhere_is_no_way_on_after_the_confirmation(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER, totp=True)
    for next_page in ("https://evil.example", "//evil.example", "/consolex", "/console\\evil"):
        page = await owner.get("/console/confirm", params={"next": next_page})
        assert 'name="next" value="/console"' in page.text
