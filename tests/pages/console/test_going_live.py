"""The checklist in the console: it names what is missing, and only an owner, freshly, goes on."""

from __future__ import annotations

import httpx
import msgspec
from sqlalchemy import update

from infra.kernel.settings import Settings
from paywall.accounts.roles import Role
from paywall.app import create_app
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Mode, Venue
from tests.pages.console.conftest import Console

READY = {
    "public_url": "https://tickets.example.org",
    "smtp_url": "smtp://mail.example.org:587",
    "mail_from": "tickets@example.org",
}


async def mode_of(console: Console) -> Mode:
    async with console.db.read() as tx:
        return (await tx.get_one(Venue, console.venue_id)).mode


async def behind_tls(console: Console, role: Role, *, fresh: bool = True) -> httpx.AsyncClient:
    """A browser of somebody of this role, with the cookie's name of an https installation."""
    client = await console.sign_in(role, fresh=fresh)
    secret = client.cookies["pw_session"]
    client.cookies.clear()
    client.headers["Cookie"] = f"__Host-pw_session={secret}"
    return client


async def test_what_is_missing_is_said_with_its_remedy_and_there_is_no_button(
    console: Console,
) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/live")
    assert page.status_code == 200
    assert "PAYWALL_PUBLIC_URL" in page.text
    assert f"{console.at}/processors" in page.text
    assert "Take real money from now on" not in page.text
    answer = await owner.post(f"{console.at}/live")
    assert answer.headers["location"] == f"{console.at}/live"
    assert await mode_of(console) is Mode.TEST


async def test_an_owner_takes_the_venue_live_and_the_banner_goes(console: Console) -> None:
    settings: Settings = msgspec.structs.replace(console.parts.settings, **READY)
    console.parts = assemble(settings, clock=console.clock, db=console.db)
    console.app = create_app(console.parts)
    async with console.db.transaction() as tx:
        await tx.execute(
            update(Venue).values(legal_name="SARL", address="Lyon", contact_email="a@example.org")
        )
        console.parts.desk.gateways.open_account(
            tx, console.clock.machine(), venue_id=console.venue_id, venue_mode=Mode.TEST,
            gateway="stripe",
            credentials={
                "secret_key": "sk_live_x", "publishable_key": "pk_live_x",
                "webhook_secrets": ["whsec_bGl2ZQ=="],
            },
        )  # fmt: skip
    manager = await behind_tls(console, Role.MANAGER)
    assert (await manager.get(f"{console.at}/live")).status_code == 403
    stale = await behind_tls(console, Role.OWNER, fresh=False)
    assert (await stale.post(f"{console.at}/live")).status_code == 403
    assert await mode_of(console) is Mode.TEST
    owner = await behind_tls(console, Role.OWNER)
    assert "Take real money from now on" in (await owner.get(f"{console.at}/live")).text
    answer = await owner.post(f"{console.at}/live")
    assert answer.headers["location"] == console.at
    assert await mode_of(console) is Mode.LIVE
    assert "ribbon" not in (await owner.get(f"{console.at}/settings")).text
