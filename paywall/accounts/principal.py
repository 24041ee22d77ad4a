"""Who is asking: nobody, a person (viewer and perhaps staff), or an API key. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from infra.kernel.errors import Forbidden, NotFound, Unauthenticated
from paywall.accounts.roles import NEEDS_FRESH, NEEDS_STRONG, Permission, Role, allowed

INSTALLATION = "installation"
"""Stands in `memberships` where a venue's id stands otherwise."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The proven caller of one request. Nobody is a Principal with no account and no key."""

    account_id: str = ""
    email: str = ""
    email_proven: bool = False
    session_id: str = ""
    strong: bool = False  # a passkey or TOTP code was given in this session
    fresh_until: datetime | None = None
    memberships: dict[str, frozenset[Role]] = {}
    api_key_id: str = ""
    key_venue_id: str = ""
    key_scopes: frozenset[Permission] = frozenset()
    locale: str = ""
    seen_at: datetime | None = None  # when the session or key was last noted as used

    @property
    def is_person(self) -> bool:
        return bool(self.account_id)

    @property
    def actor(self) -> str:
        """Who it was, for the audit log."""
        return self.account_id or self.api_key_id or "nobody"

    def may(self, permission: Permission, venue_id: str = INSTALLATION) -> bool:
        """Whether the role table allows it, whatever the session's strength."""
        if self.api_key_id:
            return venue_id == self.key_venue_id and permission in self.key_scopes
        return permission in allowed(self.memberships.get(venue_id, frozenset()))

    def is_staff_of(self, venue_id: str) -> bool:
        return venue_id in self.memberships or venue_id == self.key_venue_id

    def require_person(self) -> None:
        if not self.is_person:
            raise Unauthenticated("Sign in to go on.")

    def require_proven(self) -> None:
        """Nothing bought under an address is shown before the address is proven."""
        self.require_person()
        if not self.email_proven:
            raise Forbidden(
                "Prove your address first: open the link that we mail to it.",
                code="address_not_proven",
            )

    def require_fresh(self, now: datetime) -> None:
        """For acts on one's own log-in: a proof was given in the last 10 minutes."""
        self.require_person()
        if self.fresh_until is None or self.fresh_until <= now:
            raise Forbidden(
                "Confirm that it is you (passkey, authenticator code or password), "
                "then repeat this.",
                code="fresh_check_needed",
            )

    def require_caller(self) -> None:
        if not self.is_person and not self.api_key_id:
            raise Unauthenticated("Sign in, or send an API key, to do this.")

    def require(
        self,
        permission: Permission,
        venue_id: str = INSTALLATION,
        *,
        now: datetime,
        reading: bool = False,
    ) -> None:
        """Raise unless the caller may do this at this venue, strongly and freshly enough.

        `reading` leaves the fresh check out: it guards acts, not lists.

        A stranger to the venue is told that it does not exist, so that tenants can't probe each
        other; its own staff are told which permission is missing.
        """
        self.require_caller()
        if not self.may(permission, venue_id):
            if venue_id != INSTALLATION and not self.is_staff_of(venue_id):
                raise NotFound("venue")
            scope = permission.value
            if self.api_key_id:
                raise Forbidden(
                    f"This key lacks the scope {scope}. Make one that has it.", permission=scope
                )
            raise Forbidden(
                f"Your role does not include {scope}. Ask an owner of the venue for it.",
                permission=scope,
            )
        if self.api_key_id:
            return
        if permission in NEEDS_STRONG and not self.strong:
            raise Forbidden(
                "Sign in with a passkey or an authenticator code to see money or people.",
                code="second_factor_needed",
            )
        stale = self.fresh_until is None or self.fresh_until <= now
        if permission in NEEDS_FRESH and stale and not reading:
            raise Forbidden(
                "Confirm with your passkey or authenticator code again, then repeat this.",
                code="fresh_check_needed",
            )


NOBODY = Principal()
