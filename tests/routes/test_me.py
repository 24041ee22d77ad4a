"""The signed-in person's own page over HTTP."""

from __future__ import annotations

from tests.accounts.world import World
from tests.routes.conftest import Browser


async def signed_in(browser: Browser, world: World, email: str = "a@example.org") -> None:
    browser.as_token((await world.sign_in(email)).secret)


async def test_nobody_has_no_account_page(browser: Browser) -> None:
    for path in ("/v1/me", "/v1/me/sessions", "/v1/me/passkeys", "/v1/me/consents"):
        assert (await browser("GET", path)).status_code == 401


async def test_name_and_language_are_changed_one_by_one(browser: Browser, world: World) -> None:
    await signed_in(browser, world)
    await browser("PATCH", "/v1/me", {"name": "Ana"})
    answer = await browser("PATCH", "/v1/me", {"locale": "fr"})
    assert (answer.json()["name"], answer.json()["locale"]) == ("Ana", "fr")
    assert (await browser("PATCH", "/v1/me", {"email": "x@example.org"})).status_code == 422


async def test_a_password_is_set_and_replaced(browser: Browser, world: World) -> None:
    await signed_in(browser, world)
    answer = await browser("PUT", "/v1/me/password", {"password": "four unrelated words"})
    assert answer.status_code == 204
    assert (await browser("GET", "/v1/me")).json()["has_password"] is True
    world.clock.move(minutes=10)
    answer = await browser("PUT", "/v1/me/password", {"password": "four other words"})
    assert answer.json()["code"] == "fresh_check_needed"
    answer = await browser("POST", "/v1/auth/fresh", {"password": "four unrelated words"})
    assert answer.status_code == 200
    answer = await browser("PUT", "/v1/me/password", {"password": "four other words"})
    assert answer.status_code == 204


async def test_devices_are_listed_and_signed_out(browser: Browser, world: World) -> None:
    other = await world.sign_in("a@example.org")
    await signed_in(browser, world)
    listed = (await browser("GET", "/v1/me/sessions")).json()["data"]
    assert len(listed) == 2
    answer = await browser("DELETE", f"/v1/me/sessions/{other.session_id}")
    assert answer.status_code == 204
    answer = await browser("DELETE", f"/v1/me/sessions/{other.session_id}")
    assert answer.status_code == 404
    answer = await browser("DELETE", "/v1/me/sessions", params={"keep_this": "true"})
    assert answer.json() == {"ended": 0}
    assert (await browser("DELETE", "/v1/me/sessions")).json() == {"ended": 1}
    assert (await browser("GET", "/v1/me")).status_code == 401


async def test_a_request_keeps_the_session_alive(browser: Browser, world: World) -> None:
    await signed_in(browser, world)
    for _ in range(3):
        world.clock.move(days=20)
        assert (await browser("GET", "/v1/me")).status_code == 200


async def test_consents_are_given_and_taken_back(browser: Browser, world: World) -> None:
    venue_id = await world.venue()
    await signed_in(browser, world)
    ask = {
        "venue_id": venue_id,
        "purpose": "marketing",
        "granted": True,
        "wording": "account-2026-11",
    }
    answer = await browser("POST", "/v1/me/consents", ask)
    assert answer.status_code == 201
    assert [(c["venue_id"], c["granted"]) for c in answer.json()["data"]] == [(venue_id, True)]
    world.clock.move(seconds=1)
    answer = await browser("POST", "/v1/me/consents/withdrawal")
    assert {(c["venue_id"], c["granted"]) for c in answer.json()["data"]} == {
        ("installation", False),
        (venue_id, True),
    }
    wrong = await browser("POST", "/v1/me/consents", {**ask, "purpose": "voters"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "venue_id")
    unknown = await browser(
        "POST", "/v1/me/consents", {**ask, "venue_id": "ven_00000000000000000000000000"}
    )
    assert unknown.status_code == 404
