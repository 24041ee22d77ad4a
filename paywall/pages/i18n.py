"""Languages of the pages: catalogues, the choice of a language, dates and money in its manner.

No request, no cookie jar: the caller hands over what the reader prefers.
`python -m paywall.pages.i18n extract|update|compile` keeps the catalogues: English and French hold
everything, every other language what viewers read, since the console speaks those two alone.
"""

import gettext
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, numbers

DOMAIN = "paywall"
SOURCE_LANGUAGE = "en"
LOCALES_DIR = Path(__file__).parent.parent / "locales"
DateStyle = Literal["full", "long", "medium", "short"]

# Page language -> the locale whose manners it follows. "en" is Europe's: 24 hours, day first.
LANGUAGES: Mapping[str, str] = {
    "bg": "bg_BG", "cs": "cs_CZ", "da": "da_DK", "de": "de_DE", "el": "el_GR", "en": "en_GB",
    "es": "es_ES", "et": "et_EE", "fi": "fi_FI", "fr": "fr_FR", "ga": "ga_IE", "hr": "hr_HR",
    "hu": "hu_HU", "it": "it_IT", "lt": "lt_LT", "lv": "lv_LV", "mt": "mt_MT", "nl": "nl_NL",
    "pl": "pl_PL", "pt": "pt_PT", "ro": "ro_RO", "sk": "sk_SK", "sl": "sl_SI", "sv": "sv_SE",
    "no": "nb_NO", "tr": "tr_TR", "ar": "ar_EG", "ja": "ja_JP", "zh": "zh_Hans_CN",
}  # fmt: skip
# Their own names, as CLDR 47 writes them: written out, since reading 29 locales to draw a menu
# would keep 30 MiB of locale data in every web process. A test holds them to Babel.
NAMES: Mapping[str, str] = {
    "bg": "Български", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά",
    "en": "English", "es": "Español", "et": "Eesti", "fi": "Suomi", "fr": "Français",
    "ga": "Gaeilge", "hr": "Hrvatski", "hu": "Magyar", "it": "Italiano", "lt": "Lietuvių",
    "lv": "Latviešu", "mt": "Malti", "nl": "Nederlands", "pl": "Polski", "pt": "Português",
    "ro": "Română", "sk": "Slovenčina", "sl": "Slovenščina", "sv": "Svenska",
    "no": "Norsk bokmål", "tr": "Türkçe", "ar": "العربية", "ja": "日本語", "zh": "中文",
}  # fmt: skip
CONSOLE_LANGUAGES = frozenset({"en", "fr"})
"""What staff read is written in these; other catalogues hold the messages of viewer.pot alone."""
UNREAD = "Read by a native speaker: no"
READ = "Read by a native speaker: yes"
"""One of the two stands in the head of every catalogue; a person who read it all changes it."""

# Names that browsers use for a language we carry under another one.
_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "cmn": "zh"}


class MoneyLike(Protocol):
    """An amount in the currency's smallest unit."""

    @property
    def minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


def _instant(when: datetime, zone: tzinfo | str) -> datetime:
    assert when.tzinfo is not None, "a page never shows a time without its zone"
    return when.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


_FIELD = re.compile(r"[A-Za-z]+")
_QUOTED = re.compile(r"'[^']*'")


def _without_year(pattern: str) -> str:
    """A CLDR date pattern less its year and the words that belong to it.

    Few locales carry a pattern for weekday, day and month in full. Their full date has the right
    words and order: "EEEE, d 'de' MMMM 'de' y" becomes "EEEE, d 'de' MMMM".
    """
    bare = _QUOTED.sub(lambda text: "_" * len(text[0]), pattern)
    year = re.search("y+", bare)
    assert year is not None, f"a full date without a year: {pattern}"
    following = _FIELD.search(bare, year.end())
    if following is not None:
        return pattern[: year.start()] + pattern[following.start() :]
    last = [field for field in _FIELD.finditer(bare) if field.end() <= year.start()][-1]
    # What stands at the last field belongs to it ("d日"), and what comes after a space to the year.
    kept = re.match(r"[^\s_،,]*", bare[last.end() : year.start()])
    assert kept is not None
    return pattern[: last.end() + kept.end()]


@dataclass(frozen=True)
class Translator:
    """One language for one reader: words, plural forms, dates, numbers and money."""

    code: str
    catalogue: gettext.NullTranslations
    exponent: Callable[[str], int] = numbers.get_currency_precision

    @cached_property
    def locale(self) -> Locale:
        return Locale.parse(LANGUAGES[self.code])

    @property
    def tag(self) -> str:
        """What goes into `lang` and into the browser's Intl, like "nb-NO"."""
        return LANGUAGES[self.code].replace("_", "-")

    @property
    def dir(self) -> str:
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def name(self) -> str:
        """The language's own name for itself."""
        return NAMES[self.code]

    def gettext(self, message: str) -> str:
        return self.catalogue.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.catalogue.ngettext(one, many, count)

    def pgettext(self, context: str, message: str) -> str:
        return self.catalogue.pgettext(context, message)

    def npgettext(self, context: str, one: str, many: str, count: int) -> str:
        return self.catalogue.npgettext(context, one, many, count)

    def money(self, amount: MoneyLike) -> str:
        """12,00 € in French, €12.00 in English; a whole amount keeps its decimals."""
        value = Decimal(amount.minor).scaleb(-self.exponent(amount.currency))
        return numbers.format_currency(value, amount.currency, locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        return numbers.format_decimal(value, locale=self.locale)

    def percent(self, value: Decimal) -> str:
        """`Decimal("0.055")` -> 5.5 %."""
        return numbers.format_percent(value, locale=self.locale, decimal_quantization=False)

    def share(self, value: float) -> str:
        """A measured share with one decimal: 0.0523 -> 5.2%, 5,2 % in French."""
        whole = str(Locale.parse(self.locale).percent_formats[None].pattern)
        return numbers.format_percent(
            round(value, 3), whole.replace("##0", "##0.0"), locale=self.locale
        )

    def decimal(self, value: float) -> str:
        """A measured number with at most one decimal."""
        return numbers.format_decimal(round(value, 1), locale=self.locale)

    def month(self, month: str) -> str:
        """`2026-03` -> Mar 2026."""
        return dates.format_skeleton("yMMM", date.fromisoformat(f"{month}-01"), locale=self.locale)

    def date(
        self, when: datetime | date, zone: tzinfo | str = UTC, style: DateStyle = "long"
    ) -> str:
        day = _instant(when, zone).date() if isinstance(when, datetime) else when
        return dates.format_date(day, style, locale=self.locale)

    def time(self, when: datetime, zone: tzinfo | str = UTC) -> str:
        return dates.format_time(_instant(when, zone), "short", locale=self.locale)

    def datetime(self, when: datetime, zone: tzinfo | str = UTC, style: DateStyle = "long") -> str:
        """The day in the style asked for, the time always short: nobody reads seconds here."""
        local = _instant(when, zone)
        if style == "full":
            day = dates.format_date(local, "full", locale=self.locale)
        elif style == "long":
            full = str(self.locale.date_formats["full"])
            day = dates.format_datetime(local, _without_year(full), locale=self.locale)
        else:
            skeleton = "MMMEd" if style == "medium" else "MMMd"
            day = dates.format_skeleton(skeleton, local, locale=self.locale)
        pattern = str(dates.get_datetime_format("medium", locale=self.locale))
        return pattern.replace("{1}", day).replace("{0}", self.time(when, zone)).replace("'", "")

    def zone_city(self, zone: str) -> str:
        """The city a reader knows a time zone by: "Paris"."""
        return dates.get_timezone_location(ZoneInfo(zone), locale=self.locale, return_city=True)

    def listed(self, items: Iterable[str]) -> str:
        return lists.format_list(list(items), locale=self.locale)

    def currency_name(self, currency: str) -> str:
        return numbers.get_currency_name(currency, locale=self.locale)


class Catalogues:
    """Every compiled catalogue, read once; a language without one speaks the source's words."""

    def __init__(
        self,
        locales_dir: Path = LOCALES_DIR,
        exponent: Callable[[str], int] = numbers.get_currency_precision,
    ) -> None:
        self._translators = {
            code: Translator(
                code,
                gettext.translation(DOMAIN, locales_dir, languages=[code], fallback=True),
                exponent,
            )
            for code in LANGUAGES
        }

    def translator(self, code: str) -> Translator:
        return self._translators[code]

    def speaks(self, code: str) -> bool:
        """Whether there are words in the language: a catalogue, or it is the source's."""
        known = isinstance(self._translators[code].catalogue, gettext.GNUTranslations)
        return known or code == SOURCE_LANGUAGE

    def languages(self) -> list[Translator]:
        """Those with words of their own, in the order of their names, for a menu."""
        spoken = [one for code, one in self._translators.items() if self.speaks(code)]
        return sorted(spoken, key=lambda one: one.name.casefold())


def negotiate(
    *,
    preferred: str | None = None,
    cookie: str | None = None,
    accept_language: str | None = None,
    among: Collection[str] = LANGUAGES,
) -> str:
    """The account's choice, then this browser's, then what the browser asks for, then English.

    Only languages `among` which we have words: half a page in a language helps nobody.
    """
    for asked in (preferred, cookie, *_accepted(accept_language or "")):
        code = _known(asked or "")
        if code is not None and code in among:
            return code
    return SOURCE_LANGUAGE


def _known(tag: str) -> str | None:
    base = tag.strip().replace("_", "-").split("-")[0].lower()
    code = _ALIASES.get(base, base)
    return code if code in LANGUAGES else None


def _accepted(header: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    # A browser sends a handful; a stranger may send thousands.
    for part in header[:1000].split(",")[:50]:
        tag, _, parameter = part.partition(";")
        quality = 1.0
        if parameter.strip().startswith("q="):
            try:
                quality = float(parameter.strip()[2:])
            except ValueError:
                continue
        if 0 < quality <= 1:
            weighed.append((quality, tag))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


def compile_catalogues(locales_dir: Path = LOCALES_DIR) -> list[Path]:
    """Writes a .mo beside every .po; the .mo files are made at set-up and never committed."""
    from babel.messages import mofile, pofile

    written = []
    for source in sorted(locales_dir.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        with source.open("rb") as opened:
            catalogue = pofile.read_po(opened, locale=LANGUAGES[source.parts[-3]])
        target = source.with_suffix(".mo")
        # Whole or not at all: another process may be reading the one that is there.
        fresh = target.with_suffix(f".{os.getpid()}.tmp")
        with fresh.open("wb") as opened:
            mofile.write_mo(opened, catalogue)
        fresh.replace(target)
        written.append(target)
    return written


def _babel(*arguments: str) -> None:
    from babel.messages.frontend import CommandLineInterface

    CommandLineInterface().run(["pybabel", "-q", *arguments])  # type: ignore[no-untyped-call]


def extract(locales_dir: Path = LOCALES_DIR, into: Path | None = None) -> list[Path]:
    """Collects strings into paywall.pot (every one) and viewer.pot (those that viewers read)."""
    written = []
    for template, mapping in ((DOMAIN, "babel.cfg"), ("viewer", "viewer.cfg")):
        target = (into or locales_dir) / f"{template}.pot"
        _babel(
            "extract", "-F", str(locales_dir / mapping), "-o", str(target), "--no-location",
            "--sort-output", "-k", "N_", "-c", "Translators:", "--project", DOMAIN,
            "--omit-header", str(locales_dir.parent),
        )  # fmt: skip
        written.append(target)
    return written


_EMPTY = """\
# {name} catalogue.
# {unread}
msgid ""
msgstr ""
"Project-Id-Version: paywall 1\\n"
"Report-Msgid-Bugs-To: none\\n"
"Last-Translator: paywall\\n"
"Language-Team: paywall\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"""


def update(languages: Iterable[str], locales_dir: Path = LOCALES_DIR) -> None:
    """Brings the named catalogues up to their template, keeping what is translated.

    A language that has none yet gets one, empty. KeyError: a language that we don't carry.
    """
    for code in languages:
        locale = LANGUAGES[code]
        target = locales_dir / code / "LC_MESSAGES" / f"{DOMAIN}.po"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            name = Locale.parse(locale).get_language_name("en")
            target.write_text(_EMPTY.format(name=name, unread=UNREAD), encoding="utf-8")
        template = DOMAIN if code in CONSOLE_LANGUAGES else "viewer"
        _babel(
            "update", "-i", str(locales_dir / f"{template}.pot"), "-o", str(target), "-l", locale,
            "--no-fuzzy-matching", "--ignore-obsolete", "-w", "98",
        )  # fmt: skip


def present(locales_dir: Path = LOCALES_DIR) -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parts[-3] for path in locales_dir.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def main(arguments: list[str]) -> int:
    match arguments:
        case ["compile"]:
            print(f"{len(compile_catalogues())} catalogues compiled")
        case ["extract"]:
            print(*extract(), sep="\n")
        case ["update", *languages] if set(languages) <= LANGUAGES.keys():
            update(languages or present())
        case _:
            print("usage: python -m paywall.pages.i18n compile | extract | update [language ...]")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
