"""Where a visit came from: campaign marks of its address, else the site that linked here. Pure.

The lists name the services most used in Europe, each by its own address, as they were on
2026-11-22. What no list names is a `partner`: some other site that linked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

HOST_MAX: Final = 255
MARK_MAX: Final = 80


class Origin(StrEnum):
    """The five kinds of way that lead to a venue's page."""

    SEARCH = "search"
    SOCIAL = "social"
    PARTNER = "partner"
    MAIL = "mail"
    DIRECT = "direct"  # typed, a bookmark, an app that doesn't say


class Came(msgspec.Struct, frozen=True):
    """Where from, and which campaign's link it was. `source` empty: nobody knows."""

    source: str = ""
    campaign: str = ""


NOT_KNOWN: Final = Came()

# Google's default channel groups name these values of utm_medium
# (https://support.google.com/analytics/answer/9756891, as of 2026-11); the rest are their plurals.
_MEDIUMS: Final[Mapping[str, Origin]] = {
    **dict.fromkeys(("email", "e-mail", "e_mail", "mail", "newsletter"), Origin.MAIL),
    **dict.fromkeys(
        ("social", "social-network", "social-media", "social_media", "sm", "paid_social",
         "paidsocial", "paid-social"),
        Origin.SOCIAL,
    ),
    **dict.fromkeys(("cpc", "ppc", "organic", "search", "paidsearch", "sea"), Origin.SEARCH),
    **dict.fromkeys(
        ("referral", "partner", "partnership", "affiliate", "affiliates", "display", "banner"),
        Origin.PARTNER,
    ),
}  # fmt: skip
_SOURCES: Final[Mapping[str, Origin]] = {
    **dict.fromkeys(("newsletter", "mail", "email", "mailchimp", "brevo"), Origin.MAIL),
    **dict.fromkeys(
        ("facebook", "fb", "instagram", "ig", "tiktok", "youtube", "linkedin", "twitter", "x",
         "mastodon", "bluesky", "reddit", "pinterest", "whatsapp", "telegram", "discord"),
        Origin.SOCIAL,
    ),
    **dict.fromkeys(("google", "bing", "duckduckgo", "qwant", "ecosia"), Origin.SEARCH),
}  # fmt: skip
# Mail before search: mail.google.com is no search engine.
_HOSTS: Final[tuple[tuple[Origin, re.Pattern[str]], ...]] = (
    (
        Origin.MAIL,
        re.compile(
            r"(?:^|\.)(?:mail\.google\.com|com\.google\.android\.gm|outlook\.(?:live|office|office365)"
            r"\.com|mail\.yahoo\.[a-z.]+|mail\.proton\.me|app\.tuta\.com|mail\.orange\.fr"
            r"|webmail\.[a-z0-9.-]+|mail\.ru|navigator-lxa\.mail\.com|[a-z0-9-]*\.gmx\.(?:net|com))$"
        ),
    ),
    (
        Origin.SOCIAL,
        re.compile(
            r"(?:^|\.)(?:facebook\.com|fb\.com|fb\.me|messenger\.com|instagram\.com|threads\.(?:com|net)"
            r"|tiktok\.com|youtube\.com|youtu\.be|twitter\.com|x\.com|t\.co|linkedin\.com|lnkd\.in"
            r"|reddit\.com|pinterest\.[a-z.]+|vk\.com|bsky\.app|mastodon\.social|t\.me|telegram\.org"
            r"|whatsapp\.com|wa\.me|discord\.com|snapchat\.com|tumblr\.com|com\.facebook\.katana"
            r"|com\.linkedin\.android|com\.reddit\.frontpage)$"
        ),
    ),
    (
        Origin.SEARCH,
        re.compile(
            r"(?:^|\.)(?:google\.[a-z]{2,3}(?:\.[a-z]{2})?|com\.google\.android\.googlequicksearchbox"
            r"|bing\.com|duckduckgo\.com|qwant\.com|ecosia\.org|search\.yahoo\.[a-z.]+"
            r"|[a-z]{0,2}\.?search\.yahoo\.com|yandex\.[a-z.]+|ya\.ru|baidu\.com|search\.brave\.com"
            r"|startpage\.com|seznam\.cz|search\.naver\.com|lilo\.org|kagi\.com|mojeek\.com"
            r"|swisscows\.com|chatgpt\.com|perplexity\.ai)$"
        ),
    ),
)


def came_from(host: str, own_host: str, marks: Mapping[str, str]) -> Came:
    """From the linking site's host (empty: none) and the address's `utm_*` marks.

    `own_host` is the site's: a page of ours is no source, and the answer is then NOT_KNOWN.
    """
    source, medium, campaign = (
        mark_of(marks.get(name, "")) for name in ("utm_source", "utm_medium", "utm_campaign")
    )
    if source or medium or campaign:
        said = _MEDIUMS.get(medium.casefold()) or _SOURCES.get(source.casefold())
        return Came(said or _by_host(source.casefold()) or Origin.PARTNER, campaign)
    host = host[:HOST_MAX].casefold().rstrip(".")
    if not host:
        return Came(Origin.DIRECT)
    if host == own_host.casefold():
        return NOT_KNOWN
    return Came(_by_host(host) or Origin.PARTNER)


def carried(source: str, campaign: str) -> Came:
    """What a link or form of ours brought along; NOT_KNOWN where it was made up."""
    return Came(source, mark_of(campaign)) if source in set(Origin) else NOT_KNOWN


def mark_of(text: str) -> str:
    """A campaign mark as it may be kept: short, printable, and nobody's address."""
    text = " ".join(text.split())[:MARK_MAX]
    return text if text.isprintable() and "@" not in text else ""


def _by_host(host: str) -> Origin | None:
    return next((origin for origin, pattern in _HOSTS if pattern.search(host)), None)
