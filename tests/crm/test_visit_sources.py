"""Where a visit came from: marks before the linking site, and nothing that could be a person."""

from __future__ import annotations

import pytest

from paywall.crm.visit_sources import NOT_KNOWN, Came, came_from, carried, mark_of

OWN = "tickets.example.org"


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("", "direct"),
        ("www.google.fr", "search"),
        ("www.google.co.uk", "search"),
        ("duckduckgo.com", "search"),
        ("fr.search.yahoo.com", "search"),
        ("com.google.android.googlequicksearchbox", "search"),
        ("mail.google.com", "mail"),
        ("webmail.free.fr", "mail"),
        ("outlook.live.com", "mail"),
        ("l.facebook.com", "social"),
        ("t.co", "social"),
        ("m.youtube.com", "social"),
        ("www.lemonde.fr", "partner"),
        ("notgoogle.com", "partner"),
        ("google.com.evil.example", "partner"),
    ],
)
def test_the_linking_site_says_which_way_it_was(host: str, source: str) -> None:
    assert came_from(host, OWN, {}) == Came(source)


@pytest.mark.parametrize(
    ("marks", "came"),
    [
        ({"utm_medium": "email", "utm_campaign": "spring"}, Came("mail", "spring")),
        ({"utm_source": "Instagram", "utm_campaign": "reel 7"}, Came("social", "reel 7")),
        ({"utm_source": "google", "utm_medium": "cpc"}, Came("search")),
        ({"utm_source": "www.qobuz.com", "utm_campaign": "x"}, Came("partner", "x")),
        ({"utm_campaign": "poster"}, Came("partner", "poster")),
    ],
)
def test_a_campaigns_marks_go_before_the_linking_site(marks: dict[str, str], came: Came) -> None:
    assert came_from("www.google.com", OWN, marks) == came


def test_a_page_of_ours_is_no_source() -> None:
    assert came_from(OWN, OWN, {}) == NOT_KNOWN


def test_an_address_hidden_in_a_mark_is_not_kept() -> None:
    assert mark_of("maud@example.org") == ""
    assert mark_of("a\x00b") == ""
    assert len(mark_of("x" * 500)) == 80


def test_what_a_link_brought_along_is_believed_only_in_our_words() -> None:
    assert carried("search", "spring") == Came("search", "spring")
    assert carried("elsewhere", "spring") == NOT_KNOWN
