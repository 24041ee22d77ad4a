"""The log-in page: a password is asked for once, and no page ever shows it again."""

from __future__ import annotations

import re

import pyotp
from sqlalchemy import select

from paywall.accounts.tables import Account
from paywall.accounts.totp import sealed_secret
from tests.pages.world import Hall

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "tide lantern oboe gravel"
EMAIL = "viewer@example.org"


async def with_authenticator(hall: Hall) -> None:
    hashed = await hall.parts.people.login._passwords.hash(PASSWORD)
    async with hall.parts.db.transaction() as tx:
        account = (await tx.scalars(select(Account).where(Account.email == EMAIL))).one()
        account.password_hash = hashed
        account.totp_sealed = sealed_secret(hall.parts.sealer, account.id, SECRET)
        account.totp_confirmed_at = hall.clock.machine()


async def test_the_code_is_asked_for_alone_and_the_password_is_in_no_page(hall: Hall) -> None:
    await with_authenticator(hall)
    typed = {"email": EMAIL, "password": PASSWORD, "next": "/account"}
    asked = await hall.browser.post("/login", data=typed)
    assert asked.status_code == 200
    assert PASSWORD not in asked.text
    assert 'name="password"' not in asked.text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    assert (form["email"], form["next"]) == (EMAIL, "/account")

    wrong = await hall.browser.post("/login", data=form | {"code": "000000"})
    assert wrong.status_code == 401
    assert form["continuation"] in wrong.text, "what was proven is kept"

    code = pyotp.TOTP(SECRET).at(hall.clock.machine())
    done = await hall.browser.post("/login", data=form | {"code": code[:3] + " " + code[3:]})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert "pw_session" in hall.browser.cookies


async def test_who_waits_too_long_begins_again_and_is_told_so(hall: Hall) -> None:
    await with_authenticator(hall)
    asked = await hall.browser.post("/login", data={"email": EMAIL, "password": PASSWORD})
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    hall.clock.move(minutes=6)
    late = await hall.browser.post("/login", data=form | {"code": "123456"})
    assert late.status_code == 401
    assert "waited for 5 minutes" in late.text
    assert 'name="password"' in late.text
    assert f'value="{EMAIL}"' in late.text
