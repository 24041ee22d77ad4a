"""The console's sections: what each needs, so that nobody is shown a door that stays shut. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.roles import Permission as P

T = TypeVar("T")


def N_(message: str) -> str:
    return message


@dataclass(frozen=True)
class Section:
    """One entry of the menu. `path` follows /console/<venue id>."""

    key: str
    label: str
    path: str
    permission: P


@dataclass(frozen=True)
class Entry:
    key: str
    label: str
    url: str


@dataclass(frozen=True)
class Group(Generic[T]):
    """Entries that belong together under a small heading; the first group has none."""

    key: str
    label: str
    entries: tuple[T, ...]


VENUE_GROUPS = (
    Group("now", "", (
        Section("today", N_("Today"), "", P.VENUE_READ),
        Section("events", N_("Events"), "/events", P.CATALOGUE_READ),
        Section("seasons", N_("Seasons"), "/seasons", P.CATALOGUE_READ),
        Section("viewers", N_("Viewers now"), "/viewers", P.PLAYBACK_READ),
    )),
    Group("selling", N_("Selling"), (
        Section("offers", N_("Offers"), "/offers", P.CATALOGUE_READ),
        Section("coupons", N_("Coupons"), "/coupons", P.CATALOGUE_READ),
        Section("orders", N_("Orders"), "/orders", P.ORDERS_READ),
        Section("money", N_("Money"), "/money", P.MONEY_READ),
    )),
    Group("audience", N_("Audience"), (
        Section("people", N_("People"), "/people", P.PEOPLE_READ),
        Section("figures", N_("Figures"), "/figures", P.METRICS_READ),
        Section("leaving", N_("Who may leave"), "/leaving", P.MARKETING_WRITE),
        Section("actions", N_("Actions"), "/actions", P.MARKETING_READ),
        Section("tasks", N_("Tasks"), "/tasks", P.MARKETING_READ),
    )),
    Group("support", N_("Support"), (
        Section("inbox", N_("Inbox"), "/inbox", P.SUPPORT_READ),
        Section("live_help", N_("Live help"), "/live-help", P.SUPPORT_READ),
        Section("help", N_("Help centre"), "/help", P.SUPPORT_READ),
        Section("assistant", N_("Assistant"), "/assistant", P.SUPPORT_READ),
        Section("support", N_("Support figures"), "/support", P.SUPPORT_READ),
    )),
    Group("setup", N_("Set-up"), (
        Section("settings", N_("Settings"), "/settings", P.VENUE_READ),
        Section("processors", N_("Payment accounts"), "/processors", P.GATEWAYS_MANAGE),
        Section("staff", N_("Staff"), "/staff", P.STAFF_MANAGE),
        Section("keys", N_("API keys"), "/keys", P.KEYS_MANAGE),
        Section("webhooks", N_("Webhooks"), "/webhooks", P.WEBHOOKS_MANAGE),
        Section("audit", N_("Audit log"), "/audit", P.AUDIT_READ),
    )),
)  # fmt: skip

VENUE_SECTIONS = tuple(section for group in VENUE_GROUPS for section in group.entries)

HOUSE_GROUPS = (
    Group("house", "", (
        Section("venues", N_("Venues"), "/venues", P.INSTALLATION_VENUES),
        Section("languages", N_("Languages"), "/languages", P.INSTALLATION_VENUES),
        Section("staff", N_("Staff"), "/staff", P.INSTALLATION_STAFF),
        Section("audit", N_("Audit log"), "/audit", P.INSTALLATION_AUDIT),
    )),
)  # fmt: skip


def venue_url(venue_id: str, path: str = "") -> str:
    return f"/console/{venue_id}{path}"


def entries(principal: Principal, venue_id: str) -> list[Entry]:
    """What this person's roles open at the venue, or at the installation; labels untranslated."""
    return [entry for group in _shown(principal, venue_id) for entry in group.entries]


def menu(principal: Principal, venue_id: str, say: Callable[[str], str]) -> list[Group[Entry]]:
    """The same in its groups, in the reader's words."""
    return [
        Group(
            group.key,
            say(group.label) if group.label else "",
            tuple(Entry(one.key, say(one.label), one.url) for one in group.entries),
        )
        for group in _shown(principal, venue_id)
    ]


def _shown(principal: Principal, venue_id: str) -> Iterator[Group[Entry]]:
    for group in HOUSE_GROUPS if venue_id == INSTALLATION else VENUE_GROUPS:
        open_to = tuple(
            Entry(section.key, section.label, venue_url(venue_id, section.path))
            for section in group.entries
            if principal.may(section.permission, venue_id)
        )
        if open_to:
            yield Group(group.key, group.label, open_to)
