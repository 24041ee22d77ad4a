"""Staff, invitations, API keys and the audit log over HTTP."""

from __future__ import annotations

from typing import Any

from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Role
from tests.accounts.world import World
from tests.routes.conftest import Browser, open_browser

KEY = {"Idempotency-Key": "0b6e1f0c-6f0e-4c39-8f0c-2f6f6d1f8a51"}


async def as_staff(browser: Browser, world: World, email: str, place: str, *roles: Role) -> None:
    await world.staff(email, place, *roles)
    opened = await world.sign_in(email)
    await world.strong(opened)
    browser.as_token(opened.secret)


async def test_an_owner_invites_and_the_invited_accepts(
    browser: Browser, world: World, app: Any
) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "owner@example.org", venue_id, Role.OWNER)
    ask = {"email": "new@example.org", "role": "support"}
    answer = await browser("POST", f"/v1/venues/{venue_id}/invitations", ask, headers=KEY)
    assert answer.status_code == 201
    again = await browser("POST", f"/v1/venues/{venue_id}/invitations", ask, headers=KEY)
    assert again.json() == answer.json()
    assert again.headers["idempotent-replayed"] == "true"
    pending = (await browser("GET", f"/v1/venues/{venue_id}/invitations")).json()["data"]
    assert [p["email"] for p in pending] == ["new@example.org"]

    async with open_browser(app) as client:
        invited = Browser(client)
        accepted = await invited(
            "POST", "/v1/auth/invitations/accept", {"token": world.mailbox.last.token}
        )
        assert accepted.status_code == 200
        assert accepted.json()["role"] == "support"
        me = (await invited("GET", "/v1/me")).json()
        assert me["memberships"] == {venue_id: ["support"]}
        refused = await invited("GET", f"/v1/venues/{venue_id}/staff")
        assert refused.status_code == 403

    listed = (await browser("GET", f"/v1/venues/{venue_id}/staff")).json()["data"]
    member = next(s for s in listed if s["role"] == "support")
    owner = next(s for s in listed if s["role"] == "owner")
    path = f"/v1/venues/{venue_id}/staff"
    assert (await browser("DELETE", f"{path}/{member['membership_id']}")).status_code == 204
    answer = await browser("DELETE", f"{path}/{owner['membership_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


async def test_an_invitation_is_revoked(browser: Browser, world: World) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "owner@example.org", venue_id, Role.OWNER)
    path = f"/v1/venues/{venue_id}/invitations"
    made = (await browser("POST", path, {"email": "n@example.org", "role": "scanner"})).json()
    assert (await browser("DELETE", f"{path}/{made['id']}")).status_code == 204
    answer = await browser(
        "POST", "/v1/auth/invitations/accept", {"token": world.mailbox.last.token}
    )
    assert answer.status_code in {401, 410}


async def test_reading_needs_strength_and_acting_needs_freshness(
    browser: Browser, world: World
) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "owner@example.org", venue_id, Role.OWNER)
    world.clock.move(minutes=10)
    assert (await browser("GET", f"/v1/venues/{venue_id}/staff")).status_code == 200
    answer = await browser(
        "POST",
        f"/v1/venues/{venue_id}/invitations",
        {"email": "n@example.org", "role": "scanner"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_check_needed")
    world.clock.move(hours=12)
    answer = await browser("GET", f"/v1/venues/{venue_id}/staff")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_needed")


async def test_a_key_is_made_once_used_and_revoked(
    browser: Browser, world: World, app: Any
) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "owner@example.org", venue_id, Role.OWNER)
    path = f"/v1/venues/{venue_id}/api-keys"
    ask = {"name": "Till", "scopes": ["orders.read", "catalogue.read"]}
    made = await browser("POST", path, ask, headers=KEY)
    assert made.status_code == 201
    again = await browser("POST", path, ask, headers=KEY)
    assert again.json()["secret"] == made.json()["secret"]
    (listed,) = (await browser("GET", path)).json()["data"]
    assert "secret" not in listed
    assert made.json()["secret"].startswith(listed["shown"])

    async with open_browser(app) as client:
        program = Browser(client)
        program.as_token(made.json()["secret"])
        assert (await program("GET", "/v1/me")).status_code == 401
        assert (await program("GET", path)).status_code == 403
    assert (await browser("DELETE", f"{path}/{listed['id']}")).status_code == 204
    wrong = await browser("POST", path, {"name": "x", "scopes": ["staff.manage"]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "scopes")


async def test_the_audit_log_is_read_in_pages_by_those_who_may(
    browser: Browser, world: World
) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "owner@example.org", venue_id, Role.OWNER)
    for i in range(3):
        await browser(
            "POST",
            f"/v1/venues/{venue_id}/invitations",
            {"email": f"n{i}@example.org", "role": "scanner"},
        )
    first = await browser("GET", f"/v1/venues/{venue_id}/audit", params={"limit": 2})
    assert len(first.json()["data"]) == 2
    assert first.json()["data"][0]["action"] == "staff.invited"
    rest = await browser(
        "GET",
        f"/v1/venues/{venue_id}/audit",
        params={"limit": 2, "cursor": first.json()["next_cursor"]},
    )
    assert len(rest.json()["data"]) == 1
    assert rest.json()["next_cursor"] is None
    other = await world.venue()
    assert (await browser("GET", f"/v1/venues/{other}/audit")).status_code == 404
    assert (await browser("GET", "/v1/installation/audit")).status_code == 403


async def test_an_operator_fills_the_house_and_names_a_first_owner(
    browser: Browser, world: World
) -> None:
    venue_id = await world.venue()
    await as_staff(browser, world, "op@example.org", INSTALLATION, Role.OPERATOR)
    answer = await browser(
        "POST", "/v1/installation/invitations", {"email": "r@example.org", "role": "reviewer"}
    )
    assert answer.status_code == 201
    pending = (await browser("GET", "/v1/installation/invitations")).json()["data"]
    gone = await browser("DELETE", f"/v1/installation/invitations/{pending[0]['id']}")
    assert gone.status_code == 204
    answer = await browser(
        "POST",
        "/v1/installation/first-owners",
        {"venue_id": venue_id, "email": "first@example.org"},
    )
    assert (answer.status_code, answer.json()["role"]) == (201, "owner")
    (me,) = (await browser("GET", "/v1/installation/staff")).json()["data"]
    answer = await browser("DELETE", f"/v1/installation/staff/{me['membership_id']}")
    assert answer.json()["code"] == "last_owner"
    assert (await browser("GET", "/v1/installation/audit")).status_code == 200


async def test_every_route_is_described_with_examples(browser: Browser) -> None:
    described = (await browser("GET", "/openapi.json")).json()["paths"]
    for path in ("/v1/auth/login", "/v1/me", "/v1/venues/{venue_id}/api-keys"):
        assert path in described
    body = described["/v1/auth/login"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"]["email"] == "ana@example.com"
