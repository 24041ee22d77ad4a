"""What help pages show of articles: in which language, under which headings. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup

from paywall.bridges.help import Shelf, Shown
from paywall.catalogue import prose
from paywall.pages.i18n import LANGUAGES, Translator
from paywall.pages.paths import path
from support_bot.finding import Hit, first_sentence

DESCRIPTION_MAX = 155
"""Characters of a description that search engines show about all of."""


class Addresses(msgspec.Struct, frozen=True):
    """Where help is: a venue's, or the installation's where `venue` is empty.

    `lang` is set while the address itself names the language, and goes along to the next page.
    """

    venue: str
    lang: str = ""

    def front(self, **query: str) -> str:
        at = path("venue_help", venue=self.venue) if self.venue else path("help")
        return at + self._query(**query)

    def article(self, slug: str, **query: str) -> str:
        return self._article(slug) + self._query(**query)

    def vote(self, slug: str) -> str:
        return path("venue_help_vote", venue=self.venue, article=slug) + self._query()

    def contact(self, about: str = "") -> str:
        at = path("venue_help_contact", venue=self.venue) if self.venue else path("help_contact")
        return at + self._query(about=about)

    def contact_sent(self) -> str:
        """Where a reader lands after asking."""
        at = path("venue_help_contact", venue=self.venue) if self.venue else path("help_contact")
        return at + self._query(sent="yes")

    def bare(self, slug: str = "") -> str:
        """The page's address without a language, the front's where no article is named."""
        other = Addresses(self.venue)
        return other.article(slug) if slug else other.front()

    def _article(self, slug: str) -> str:
        if self.venue:
            return path("venue_help_article", venue=self.venue, article=slug)
        return path("help_article", article=slug)

    def _query(self, **query: str) -> str:
        asked = {name: value for name, value in {**query, "lang": self.lang}.items() if value}
        return f"?{urlencode(asked)}" if asked else ""


def category_title(locale: Translator, category: str) -> str:
    """A category in the reader's language; one that we don't know, as it is written."""
    titles = {
        "access": locale.gettext("Getting in"),
        "quality": locale.gettext("Picture and sound"),
        "devices": locale.gettext("Phones, computers, TVs"),
        "payment": locale.gettext("Paying"),
        "refund": locale.gettext("Refunds and changes"),
        "tickets": locale.gettext("Tickets and replays"),
        "event": locale.gettext("The concert"),
        "presale": locale.gettext("Presales and reservations"),
        "subscription": locale.gettext("Passes and subscriptions"),
        "account": locale.gettext("Your account"),
        "privacy": locale.gettext("Your data"),
        "venue": locale.gettext("The hall"),
        "contact": locale.gettext("Talking to a person"),
    }
    return titles.get(category, category)


def groups(locale: Translator, shelf: Shelf, at: Addresses) -> list[dict[str, Any]]:
    """Every category with its articles."""
    return [
        {
            "key": category,
            "title": category_title(locale, category),
            "articles": [line(one, shelf.lang, at) for one in held],
        }
        for category, held in shelf.by_category()
    ]


def line(one: Shown | Hit, wanted: str, at: Addresses) -> dict[str, str]:
    """An article in a list; `tag` is set where its text is in another language than wanted."""
    return {
        "title": one.text.title,
        "text": first_sentence(one.text.answer),
        "url": at.article(one.article.slug),
        "tag": "" if one.lang == wanted else tag_of(one.lang),
    }


def tag_of(lang: str) -> str:
    """A language as `lang` attributes name it."""
    return LANGUAGES[lang].replace("_", "-") if lang in LANGUAGES else lang


def answer_html(answer_md: str) -> Markup:
    return Markup(prose.html(answer_md))  # noqa: S704 - sanitised there


def told_instead(locale: Translator, translators: Mapping[str, Translator], lang: str) -> str:
    """What a reader is told where an article is not in their language; "" where it is."""
    if lang == locale.code or lang not in translators:
        return ""
    return locale.gettext(
        "This article isn’t in your language (%(wanted)s) yet. Here it is in another: %(other)s."
    ) % {"wanted": locale.name, "other": translators[lang].name}


def head(
    public_url: str, at: Addresses, slug: str, lang: str, others: Sequence[str]
) -> dict[str, Any]:
    """Canonical address and alternates for search engines: a page a language, one for anybody."""
    bare = public_url + at.bare(slug)
    return {
        "canonical": f"{bare}?lang={lang}",
        "alternates": [
            *((tag_of(one), f"{bare}?lang={one}") for one in sorted(others)),
            ("x-default", bare),
        ],
    }


def structured(one: Shown) -> dict[str, Any]:
    """schema.org FAQPage: the question and the answer as they stand on the page."""
    return {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "inLanguage": tag_of(one.lang),
        "mainEntity": [
            {
                "@type": "Question",
                "name": one.text.title,
                "acceptedAnswer": {"@type": "Answer", "text": str(answer_html(one.text.answer))},
            }
        ],
    }
