"""Mailed log-in links: single-use, 15 minutes, redeemed by a POST, never by opening the page.

Asking for one gives the same answer, after the same work, whether or not the address is known.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import msgspec
from sqlalchemy import insert, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Gone
from infra.kernel.ids import new_id, new_secret
from paywall.accounts.addresses import checked_email
from paywall.accounts.device import device_name
from paywall.accounts.identify import fingerprint
from paywall.accounts.limits import (
    LINK_PER_ADDRESS,
    LINK_PER_NETWORK,
    REDEEM_PER_NETWORK,
    enforce,
    network,
)
from paywall.accounts.passwords import Passwords, check_new
from paywall.accounts.ports import Limiter, Notices
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.proofs import LoginLink
from paywall.accounts.prove import prove
from paywall.accounts.sessions import Caller, OpenedSession, open_session
from paywall.accounts.tables import Account

LIFE: Final = timedelta(minutes=15)
PAGE: Final = "/login/link"
"""The page behind the link shows a button; only its POST redeems."""


class LinkView(msgspec.Struct, frozen=True):
    """What the page behind a link shows beside its button."""

    state: str  # ready | used | expired
    email: str
    confirms: bool  # it ends a registration


class Links:
    """Request and redeem mailed links; registration by password is a link that carries one."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        limiter: Limiter,
        notices: Notices,
        passwords: Passwords,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._notices = notices
        self._passwords = passwords
        self._page = public_url.rstrip("/") + PAGE

    async def request(
        self, email: str, caller: Caller, *, locale: str = "", back_to: str = ""
    ) -> None:
        """Mail a link to the address. `back_to`: a path of ours to go on to after the log-in."""
        email = checked_email(email)
        await self._limit(email, caller)
        await self._mail(email, caller, locale=locale, back_to=back_to)

    async def register(
        self,
        email: str,
        password: str,
        caller: Caller,
        *,
        name: str = "",
        locale: str = "",
        back_to: str = "",
    ) -> str:
        """Begin an account with a password; the mail says whether there was one already.

        Returns a secret for this browser, the same for every address. Only a link redeemed
        together with it takes the password over; so a stranger who registers my address leaves no
        password of theirs behind when I open the mail.
        """
        email = checked_email(email)
        check_new(password, email=email)
        await self._limit(email, caller)
        password_hash = await self._passwords.hash(password)
        browser = new_secret()
        await self._mail(
            email,
            caller,
            locale=locale,
            back_to=back_to,
            name=name.strip()[:120],
            password_hash=password_hash,
            browser=browser,
        )
        return browser

    async def look(self, token: str) -> LinkView:
        """What a link would do. Reads only, so that a mail scanner's GET uses nothing up."""
        query = select(LoginLink).where(LoginLink.token_hash == fingerprint(token))
        async with self._db.read() as tx:
            link = await tx.scalar(query)
        if link is None or link.expires_at <= self._clock.machine():
            return LinkView("expired", "", confirms=False)
        state = "ready" if link.used_at is None else "used"
        return LinkView(state, link.email, confirms=link.password_hash != "")

    async def redeem(self, token: str, caller: Caller, *, browser: str = "") -> OpenedSession:
        """Spend the link, prove the address, open a session. Raises Gone when it is spent."""
        await enforce(self._limiter, (REDEEM_PER_NETWORK, network(caller.ip)))
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            spent = await tx.execute(
                update(LoginLink)
                .where(
                    LoginLink.token_hash == fingerprint(token),
                    LoginLink.used_at.is_(None),
                    LoginLink.expires_at > now,
                )
                .values(used_at=now)
                .returning(
                    LoginLink.email,
                    LoginLink.password_hash,
                    LoginLink.browser_hash,
                    LoginLink.name,
                    LoginLink.locale,
                )
            )
            link = spent.first()
            if link is None:
                raise Gone(
                    "This link was used already or is older than 15 minutes. Ask for a new one.",
                    code="link_spent",
                )
            account = await prove(tx, link.email, now)
            same_browser = secrets.compare_digest(fingerprint(browser), link.browser_hash)
            if link.password_hash and same_browser and not account.password_hash:
                account.password_hash = link.password_hash
            account.name = account.name or link.name
            account.locale = account.locale or link.locale
            # What else lies in the mailbox is no longer needed.
            await tx.execute(
                update(LoginLink)
                .where(LoginLink.email == link.email, LoginLink.used_at.is_(None))
                .values(used_at=now)
            )
            await tx.flush()
            return await open_session(
                tx, account.id, now, strong=False, user_agent=caller.user_agent
            )

    async def _limit(self, email: str, caller: Caller) -> None:
        await enforce(
            self._limiter,
            (LINK_PER_NETWORK, network(caller.ip)),
            (LINK_PER_ADDRESS, email),
        )

    async def _mail(
        self,
        email: str,
        caller: Caller,
        *,
        locale: str,
        back_to: str,
        name: str = "",
        password_hash: str = "",
        browser: str = "",
    ) -> None:
        now = self._clock.machine()
        token = new_secret()
        link_id = new_id("lnk")
        async with self._db.transaction() as tx:
            known = (
                await tx.execute(
                    select(Account.email_proven_at, Account.locale).where(Account.email == email)
                )
            ).first()
            proven = known is not None and known.email_proven_at is not None
            await tx.execute(
                insert(LoginLink).values(
                    id=link_id,
                    email=email,
                    token_hash=fingerprint(token),
                    password_hash="" if proven else password_hash,
                    browser_hash=fingerprint(browser) if browser else "",
                    name=name,
                    locale=locale,
                    created_at=now,
                    expires_at=now + LIFE,
                )
            )
            template = "login_link"
            if password_hash:
                template = "already_registered" if proven else "proof"
            await self._notices.mail(
                tx,
                venue_id=INSTALLATION,
                to=email,
                template=template,
                locale=(known.locale if known is not None else "") or locale,
                data={
                    "minutes": LIFE.seconds // 60,
                    "device": device_name(caller.user_agent),
                    "email": email,
                },
                secrets={"url": self._url(token, back_to)},
                cause_id=link_id,
                now=now,
            )

    def _url(self, token: str, back_to: str) -> str:
        url = f"{self._page}?token={token}"
        # Only a path of ours: "//evil.example" and "/\evil.example" would leave the house.
        if back_to.startswith("/") and not back_to.startswith(("//", "/\\")):
            url += "&next=" + quote(back_to[:500], safe="/")
        return url
