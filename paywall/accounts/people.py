"""The use cases of accounts, put together from a database, a clock and three outside parts."""

from __future__ import annotations

import msgspec

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.accounts.api_keys import ApiKeys
from paywall.accounts.fresh import Fresh
from paywall.accounts.invitations import Invitations
from paywall.accounts.links import Links
from paywall.accounts.login import LogIn
from paywall.accounts.me import Me
from paywall.accounts.own_consents import OwnConsents
from paywall.accounts.passkeys import Passkeys, RelyingParty
from paywall.accounts.passwords import Passwords
from paywall.accounts.ports import Limiter, Notices
from paywall.accounts.sessions import Sessions
from paywall.accounts.staff import Staff
from paywall.accounts.totp import Totp


class People(msgspec.Struct, frozen=True, kw_only=True):
    """One of each; routes take what they need."""

    login: LogIn
    links: Links
    passkeys: Passkeys
    totp: Totp
    fresh: Fresh
    sessions: Sessions
    me: Me
    consents: OwnConsents
    invitations: Invitations
    staff: Staff
    api_keys: ApiKeys


def make_people(
    db: Database,
    clock: Clock,
    *,
    sealer: Sealer,
    limiter: Limiter,
    notices: Notices,
    public_url: str,
    name: str,
    passwords: Passwords | None = None,
) -> People:
    """`name` is what authenticators show beside the account, such as "Paywall"."""
    passwords = passwords or Passwords()
    totp = Totp(db, clock, sealer=sealer, limiter=limiter, notices=notices, issuer=name)
    return People(
        login=LogIn(db, clock, limiter=limiter, passwords=passwords, totp=totp, sealer=sealer),
        links=Links(
            db,
            clock,
            limiter=limiter,
            notices=notices,
            passwords=passwords,
            public_url=public_url,
        ),
        passkeys=Passkeys(
            db,
            clock,
            limiter=limiter,
            notices=notices,
            party=RelyingParty.of(public_url, name),
        ),
        totp=totp,
        fresh=Fresh(db, clock, limiter=limiter, passwords=passwords, totp=totp),
        sessions=Sessions(db, clock),
        me=Me(db, clock, passwords=passwords, totp=totp, notices=notices),
        consents=OwnConsents(db, clock),
        invitations=Invitations(db, clock, limiter=limiter, notices=notices, public_url=public_url),
        staff=Staff(db, clock),
        api_keys=ApiKeys(db, clock),
    )
