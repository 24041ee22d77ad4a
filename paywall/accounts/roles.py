"""Which role may do what: the one table (law 10). Guards and the isolation test read it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """Roles at the installation, at a venue, or over a producer's own projects."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    INSTALLATION_FINANCE = "installation_finance"
    OWNER = "owner"
    MANAGER = "manager"
    FINANCE = "finance"
    MARKETING = "marketing"
    SUPPORT = "support"
    BOX_OFFICE = "box_office"
    SCANNER = "scanner"
    PRODUCER = "producer"


INSTALLATION_ROLES = frozenset({Role.OPERATOR, Role.REVIEWER, Role.INSTALLATION_FINANCE})
VENUE_ROLES = frozenset(Role) - INSTALLATION_ROLES


class Permission(StrEnum):
    """What a route asks for. `installation.*` hold at no venue; all others hold at one venue."""

    VENUE_READ = "venue.read"  # the console's front: names, modes, states
    VENUE_MANAGE = "venue.manage"
    VENUE_GO_LIVE = "venue.go_live"  # end the tests; take real money
    CATALOGUE_READ = "catalogue.read"  # drafts too
    CATALOGUE_WRITE = "catalogue.write"
    OFFERS_WRITE = "offers.write"
    ORDERS_READ = "orders.read"
    ORDERS_CREATE = "orders.create"  # sell with an external payment
    ORDERS_REFUND = "orders.refund"
    MONEY_READ = "money.read"
    PEOPLE_READ = "people.read"
    PLAYBACK_READ = "playback.read"
    PLAYBACK_STOP = "playback.stop"
    GATEWAYS_MANAGE = "gateways.manage"  # processor credentials
    KEYS_MANAGE = "keys.manage"
    STAFF_MANAGE = "staff.manage"
    WEBHOOKS_MANAGE = "webhooks.manage"
    AUDIT_READ = "audit.read"
    TICKETS_SCAN = "tickets.scan"
    MARKETING_READ = "marketing.read"  # actions: whom they concern, what they changed
    MARKETING_WRITE = "marketing.write"
    SUPPORT_READ = "support.read"  # help articles, how useful they are, cases and conversations
    SUPPORT_WRITE = "support.write"  # write articles, answer people
    CLOCK_ADVANCE = "clock.advance"
    INSTALLATION_VENUES = "installation.venues"
    INSTALLATION_REVIEW = "installation.review"
    INSTALLATION_MONEY = "installation.money"
    INSTALLATION_STAFF = "installation.staff"
    INSTALLATION_AUDIT = "installation.audit"


P = Permission

MAY: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(
        {
            P.INSTALLATION_VENUES,
            P.INSTALLATION_REVIEW,
            P.INSTALLATION_STAFF,
            P.INSTALLATION_AUDIT,
            P.INSTALLATION_MONEY,
        }
    ),
    Role.REVIEWER: frozenset({P.INSTALLATION_REVIEW}),
    Role.INSTALLATION_FINANCE: frozenset({P.INSTALLATION_MONEY}),
    Role.OWNER: frozenset(p for p in P if not p.value.startswith("installation.")),
    Role.MANAGER: frozenset(
        {
            P.VENUE_READ,
            P.CATALOGUE_READ,
            P.CATALOGUE_WRITE,
            P.OFFERS_WRITE,
            P.ORDERS_READ,
            P.ORDERS_CREATE,
            P.ORDERS_REFUND,
            P.MONEY_READ,
            P.PEOPLE_READ,
            P.PLAYBACK_READ,
            P.PLAYBACK_STOP,
            P.WEBHOOKS_MANAGE,
            P.TICKETS_SCAN,
            P.MARKETING_READ,
            P.MARKETING_WRITE,
            P.SUPPORT_READ,
            P.SUPPORT_WRITE,
            P.AUDIT_READ,
            P.CLOCK_ADVANCE,
        }
    ),
    Role.FINANCE: frozenset(
        {P.VENUE_READ, P.ORDERS_READ, P.ORDERS_REFUND, P.MONEY_READ, P.GATEWAYS_MANAGE}
    ),
    Role.MARKETING: frozenset(
        {
            P.VENUE_READ,
            P.CATALOGUE_READ,
            P.OFFERS_WRITE,
            P.MARKETING_READ,
            P.MARKETING_WRITE,
            P.PLAYBACK_READ,
        }
    ),
    Role.SUPPORT: frozenset(
        {
            P.VENUE_READ,
            P.CATALOGUE_READ,
            P.ORDERS_READ,
            P.PEOPLE_READ,
            P.PLAYBACK_READ,
            P.PLAYBACK_STOP,
            P.SUPPORT_READ,
            P.SUPPORT_WRITE,
        }
    ),
    Role.BOX_OFFICE: frozenset({P.VENUE_READ, P.CATALOGUE_READ, P.ORDERS_CREATE, P.TICKETS_SCAN}),
    Role.SCANNER: frozenset({P.TICKETS_SCAN}),
    # A producer's projects come with presales; at a venue the role alone opens nothing.
    Role.PRODUCER: frozenset(),
}

API_KEY_SCOPES: frozenset[Permission] = frozenset(
    {
        P.CATALOGUE_READ,
        P.CATALOGUE_WRITE,
        P.OFFERS_WRITE,
        P.ORDERS_READ,
        P.ORDERS_CREATE,
        P.ORDERS_REFUND,
        P.MONEY_READ,
        P.PEOPLE_READ,
        P.PLAYBACK_READ,
        P.PLAYBACK_STOP,
        P.SUPPORT_READ,
        P.SUPPORT_WRITE,
        P.WEBHOOKS_MANAGE,
        P.MARKETING_READ,
        P.MARKETING_WRITE,
    }
)
"""What an API key can be given. Keys, staff, credentials and venue settings stay with people."""

NEEDS_FRESH: frozenset[Permission] = frozenset(
    {
        P.VENUE_GO_LIVE,
        P.ORDERS_REFUND,
        P.GATEWAYS_MANAGE,
        P.KEYS_MANAGE,
        P.STAFF_MANAGE,
        P.INSTALLATION_STAFF,
    }
)
"""A person shows their factor again within 10 minutes before these; an API key needs the scope."""

NEEDS_STRONG: frozenset[Permission] = frozenset(
    {
        P.VENUE_GO_LIVE,
        P.ORDERS_READ,
        P.ORDERS_REFUND,
        P.MONEY_READ,
        P.PEOPLE_READ,
        P.SUPPORT_READ,
        P.SUPPORT_WRITE,
        P.GATEWAYS_MANAGE,
        P.KEYS_MANAGE,
        P.STAFF_MANAGE,
        P.AUDIT_READ,
        P.INSTALLATION_MONEY,
        P.INSTALLATION_STAFF,
        P.INSTALLATION_AUDIT,
        P.INSTALLATION_VENUES,
    }
)
"""Seen only after a passkey or a TOTP code in this session: money and people."""


GRANTS: Mapping[Role, frozenset[Role]] = {
    Role.OWNER: VENUE_ROLES,
    Role.OPERATOR: INSTALLATION_ROLES,
}
"""Who may give which roles, in their own place. An operator also names a venue's first owner."""


def grantable(roles: frozenset[Role]) -> frozenset[Role]:
    """Every role that holders of these roles may give to others in the same place."""
    result: frozenset[Role] = frozenset()
    for role in roles:
        result |= GRANTS.get(role, frozenset())
    return result


def allowed(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that holders of these roles may do together."""
    result: frozenset[Permission] = frozenset()
    for role in roles:
        result |= MAY[role]
    return result
