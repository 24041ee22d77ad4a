"""Languages: French is whole, the reader's choice wins, formats are each language's own."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from paywall.pages.environment import TEMPLATES_DIR, make_environment
from paywall.pages.i18n import (
    LANGUAGES,
    LOCALES_DIR,
    NAMES,
    Catalogues,
    compile_catalogues,
    negotiate,
)

SATURDAY = datetime(2026, 10, 3, 18, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Amount:
    minor: int
    currency: str


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    compile_catalogues()
    return Catalogues()


def read(path: Path) -> Catalog:
    with path.open("rb") as opened:
        return read_po(opened)


def french() -> Catalog:
    return read(LOCALES_DIR / "fr" / "LC_MESSAGES" / "paywall.po")


def strings(catalogue: Catalog) -> list[tuple[str, str]]:
    pairs = []
    for message in catalogue:
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        targets = [message.string] if isinstance(message.string, str) else list(message.string)
        if sources[0]:
            pairs += [
                (sources[min(index, len(sources) - 1)], text) for index, text in enumerate(targets)
            ]
    return pairs


def test_every_string_has_its_french() -> None:
    missing = {str(message.id) for message in read(LOCALES_DIR / "paywall.pot")} - {
        str(message.id) for message in french()
    }
    assert not missing
    assert not [source for source, text in strings(french()) if not text]


def test_no_template_string_is_missing_from_the_catalogue() -> None:
    environment = make_environment(Path("no-build"), Catalogues())
    known = {
        source
        for message in read(LOCALES_DIR / "paywall.pot")
        for source in ([message.id] if isinstance(message.id, str) else message.id)
    }
    for template in TEMPLATES_DIR.rglob("*.*"):
        for _, _, message in environment.extract_translations(template.read_text()):  # type: ignore[attr-defined]
            first = message if isinstance(message, str) else message[0]
            assert first in known, f"{template.name}: run `python -m paywall.pages.i18n extract`"


def test_french_uses_the_same_placeholders_as_the_source() -> None:
    for source, text in strings(french()):
        if re.search(r"\bOne\b", source):
            continue  # English writes the number one as a word.
        assert set(re.findall(r"%\(\w+\)s|{\w+}", source)) == set(
            re.findall(r"%\(\w+\)s|{\w+}", text)
        ), source


def test_french_typography() -> None:
    for _, text in strings(french()):
        bare = re.sub(r"<code[^>]*>.*?</code>|<[^>]+>|https?://", "", text)
        assert "'" not in bare, f"straight apostrophe: {text}"
        assert '"' not in bare, f"straight quote: {text}"
        assert not re.search(r"[^\u202f][;!?]", bare), f"no thin no-break space: {text}"
        assert not re.search(r"[^\u00a0\d]:|\d:(?!\d\d)", bare), (
            f"no no-break space before a colon: {text}"
        )
        assert not re.search(r"\d (minute|jour|caract)", bare), (
            f"number may part from its noun: {text}"
        )


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", "12,00\xa0€"), ("en", "€12.00"), ("de", "12,00\xa0€"), ("ja", "€12.00")],
)
def test_money_in_each_manner(catalogues: Catalogues, language: str, expected: str) -> None:
    assert catalogues.translator(language).money(Amount(1200, "EUR")) == expected


def test_a_currency_without_decimals_shows_none(catalogues: Catalogues) -> None:
    assert catalogues.translator("en").money(Amount(1200, "JPY")) == "JP¥1,200"


def test_a_day_is_written_out_in_its_languages_own_order_and_words() -> None:
    catalogues = Catalogues()
    day = {
        code: catalogues.translator(code).datetime(SATURDAY, "Asia/Tokyo")
        for code in ("es", "lt", "ja", "hu", "lv")
    }
    assert day["es"] == "domingo, 4 de octubre, 3:30"
    assert day["lt"].startswith("spalio 4 d., sekmadienis")
    assert day["ja"].startswith("10月4日日曜日")
    assert day["hu"].startswith("október 4., vasárnap")
    assert day["lv"].startswith("svētdiena, 4. oktobris")


def test_times_are_the_venues(catalogues: Catalogues) -> None:
    assert (
        catalogues.translator("fr").datetime(SATURDAY, "Europe/Paris") == "samedi 3 octobre, 20:30"
    )
    assert (
        catalogues.translator("en").datetime(SATURDAY, "Asia/Tokyo") == "Sunday, 4 October, 03:30"
    )


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_formats_what_a_page_shows(catalogues: Catalogues, code: str) -> None:
    translator = catalogues.translator(code)
    shown = translator.datetime(SATURDAY, "Europe/Paris")
    assert "30" in shown
    assert not re.search(r"[{}']", shown)
    assert translator.name
    assert translator.money(Amount(1200, "EUR"))
    assert translator.zone_city("Europe/Paris")


def test_arabic_runs_from_the_right(catalogues: Catalogues) -> None:
    assert catalogues.translator("ar").dir == "rtl"
    assert {catalogues.translator(code).dir for code in LANGUAGES if code != "ar"} == {"ltr"}


def test_a_naive_time_is_a_bug(catalogues: Catalogues) -> None:
    with pytest.raises(AssertionError):
        catalogues.translator("en").time(datetime(2026, 10, 3, 18, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"preferred": "fr", "cookie": "de", "accept_language": "es"}, "fr"),
        ({"cookie": "de", "accept_language": "es"}, "de"),
        ({"accept_language": "xx, nb-NO;q=0.8, fr;q=0.9"}, "fr"),
        ({"accept_language": "nb-NO,nb;q=0.9"}, "no"),
        ({"accept_language": "zh-Hant-TW"}, "zh"),
        ({"accept_language": "pt-BR"}, "pt"),
        ({"accept_language": "fr;q=0, de;q=x, *;q=0.5"}, "en"),
        ({"preferred": "klingon", "accept_language": ""}, "en"),
        ({}, "en"),
        ({"accept_language": "," * 100_000}, "en"),
    ],
)
def test_the_readers_choice_wins(asked: dict[str, str], expected: str) -> None:
    assert negotiate(**asked) == expected


def test_language_names_are_babels_own() -> None:
    for code, name in NAMES.items():
        babels = Locale.parse("nb" if code == "no" else code).get_display_name()
        assert babels is not None
        assert name == babels.capitalize()
    assert NAMES.keys() == LANGUAGES.keys()


def test_a_language_without_words_is_not_offered() -> None:
    assert negotiate(accept_language="de, fr;q=0.8", among={"en", "fr"}) == "fr"
    assert negotiate(accept_language="de", among={"en", "fr"}) == "en"
