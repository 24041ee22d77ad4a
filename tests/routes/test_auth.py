"""Signing up, in and out over HTTP."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest

from tests.accounts.authenticator import Authenticator
from tests.accounts.world import PASSWORD, World
from tests.routes.conftest import Browser, open_browser


async def register(browser: Browser, world: World, email: str = "a@example.org") -> None:
    """Through the same browser, so that the password stays."""
    answer = await browser("POST", "/v1/auth/register", {"email": email, "password": PASSWORD})
    assert answer.status_code == 202
    token = world.mailbox.last.token
    answer = await browser("POST", "/v1/auth/login-links/redeem", {"token": token})
    assert answer.status_code == 200


async def test_a_viewer_registers_confirms_and_is_signed_in_by_a_cookie(
    browser: Browser, world: World
) -> None:
    await register(browser, world)
    me = await browser("GET", "/v1/me")
    assert me.status_code == 200
    assert me.json()["email"] == "a@example.org"
    assert me.json()["email_proven"] is True
    assert me.json()["has_password"] is True
    assert (await browser("DELETE", "/v1/auth/session")).status_code == 204
    assert (await browser("GET", "/v1/me")).status_code == 401


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: Browser, world: World
) -> None:
    await browser("POST", "/v1/auth/login-links", {"email": "a@example.org"})
    answer = await browser(
        "POST", "/v1/auth/login-links/redeem", {"token": world.mailbox.last.token}
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert answer.json()["token"] is None
    assert answer.headers["cache-control"] == "no-store"


async def test_an_app_takes_the_session_as_a_token(app: Any, world: World) -> None:
    async with open_browser(app) as client:
        phone = Browser(client)
        await phone("POST", "/v1/auth/login-links", {"email": "a@example.org"}, headers={})
        answer = await phone(
            "POST",
            "/v1/auth/login-links/redeem",
            {"token": world.mailbox.last.token, "deliver": "token"},
        )
        assert "set-cookie" not in answer.headers
        phone.as_token(answer.json()["token"])
        assert (await phone("GET", "/v1/me")).json()["email"] == "a@example.org"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/auth/register", {"password": "some other words"}),
        ("/v1/auth/login-links", {}),
        ("/v1/auth/login", {"password": "not the password"}),
    ],
)
async def test_answers_for_known_and_unknown_addresses_are_the_same(
    browser: Browser, world: World, path: str, body: dict[str, str]
) -> None:
    await world.with_password("known@example.org")
    told = []
    for email in ("known@example.org", "unknown@example.org"):
        answer = await browser("POST", path, {"email": email, **body})
        shape = answer.json()
        shape.pop("request_id", None)
        shape["continuation"] = len(shape.get("continuation") or "")
        headers = {k for k in answer.headers if k not in {"x-request-id"}}
        told.append((answer.status_code, shape, headers, len(answer.content)))
    assert told[0] == told[1]


async def test_a_get_of_the_link_spends_nothing(browser: Browser, world: World) -> None:
    await browser("POST", "/v1/auth/login-links", {"email": "a@example.org"})
    token = world.mailbox.last.token
    scanner = await browser("GET", "/v1/auth/login-links/redeem", params={"token": token})
    assert scanner.status_code == 405
    assert (await world.people.links.look(token)).state == "ready"
    answer = await browser("POST", "/v1/auth/login-links/redeem", {"token": token})
    assert answer.status_code == 200
    again = await browser("POST", "/v1/auth/login-links/redeem", {"token": token})
    assert (again.status_code, again.json()["code"]) == (410, "link_spent")
    assert (await world.people.links.look(token)).state == "used"


async def test_another_sites_form_can_not_sign_a_reader_in(browser: Browser, world: World) -> None:
    await world.with_password("a@example.org")
    answer = await browser(
        "POST",
        "/v1/auth/login",
        {"email": "a@example.org", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_a_bad_password_names_the_field_and_the_remedy(browser: Browser) -> None:
    answer = await browser(
        "POST", "/v1/auth/register", {"email": "a@example.org", "password": "short"}
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == "password"
    assert answer.json()["code"] == "password_short"


async def test_guessing_is_answered_with_when_to_come_back(browser: Browser) -> None:
    body = {"email": "a@example.org", "password": "a wrong guess"}
    answers = [await browser("POST", "/v1/auth/login", body) for _ in range(11)]
    assert [a.status_code for a in answers[:10]] == [401] * 10
    assert answers[10].status_code == 429
    assert int(answers[10].headers["retry-after"]) >= 1


async def test_a_passkey_is_added_and_signs_in(browser: Browser, world: World, app: Any) -> None:
    await register(browser, world)
    key = Authenticator()
    begun = (await browser("POST", "/v1/auth/passkeys/registration/options")).json()
    kept = await browser(
        "POST",
        "/v1/auth/passkeys/registration/verify",
        {"ceremony": begun["id"], "credential": key.create(begun["public_key"]), "name": "Phone"},
    )
    assert kept.status_code == 201
    listed = (await browser("GET", "/v1/me/passkeys")).json()["data"]
    assert [p["name"] for p in listed] == ["Phone"]

    async with open_browser(app) as client:
        other = Browser(client)
        begun = (await other("POST", "/v1/auth/passkeys/login/options")).json()
        body = {"ceremony": begun["id"], "credential": key.get(begun["public_key"])}
        answer = await other("POST", "/v1/auth/passkeys/login/verify", body)
        assert answer.status_code == 200
        assert answer.json()["strong"] is True
        assert (await other("GET", "/v1/me")).json()["strong"] is True
        replayed = await other("POST", "/v1/auth/passkeys/login/verify", body)
        assert replayed.status_code == 409

    begun = (await browser("POST", "/v1/auth/fresh/options")).json()
    answer = await browser(
        "POST",
        "/v1/auth/fresh",
        {"ceremony": begun["id"], "credential": key.get(begun["public_key"])},
    )
    assert answer.status_code == 200
    gone = await browser("DELETE", f"/v1/me/passkeys/{listed[0]['id']}")
    assert gone.status_code == 204


async def test_an_authenticator_is_turned_on_used_and_turned_off(
    browser: Browser, world: World
) -> None:
    await register(browser, world)
    secret = (await browser("POST", "/v1/auth/totp")).json()["secret"]
    code = pyotp.TOTP(secret)
    answer = await browser(
        "POST", "/v1/auth/totp/confirm", {"code": code.at(world.clock.machine())}
    )
    assert len(answer.json()["recovery_codes"]) == 10

    wanted = {"email": "a@example.org", "password": PASSWORD}
    answer = await browser("POST", "/v1/auth/login", wanted)
    assert (answer.status_code, answer.json()["code"]) == (401, "code_needed")
    world.clock.move(minutes=11)
    answer = await browser("DELETE", "/v1/auth/totp")
    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_check_needed")
    answer = await browser("POST", "/v1/auth/fresh", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "factor_needed")
    answer = await browser("POST", "/v1/auth/fresh", {})
    assert answer.status_code == 422
    answer = await browser("POST", "/v1/auth/fresh", {"code": code.at(world.clock.machine())})
    assert answer.status_code == 200
    assert (
        len((await browser("POST", "/v1/auth/totp/recovery-codes")).json()["recovery_codes"]) == 10
    )
    assert (await browser("DELETE", "/v1/auth/totp")).status_code == 204
