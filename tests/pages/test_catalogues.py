"""Catalogues: the templates are current, and each language present is whole for its readers."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from paywall.pages.i18n import (
    CONSOLE_LANGUAGES,
    LANGUAGES,
    LOCALES_DIR,
    READ,
    UNREAD,
    extract,
    present,
    update,
)

pytestmark = pytest.mark.slow

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
TAG = re.compile(r"</?\w+")
TRANSLATED = [code for code in present() if code != "en"]


def read(path: Path, locale: str | None = None) -> Catalog:
    with path.open("rb") as opened:
        return read_po(opened, locale=locale)


def catalogue(code: str) -> Catalog:
    return read(LOCALES_DIR / code / "LC_MESSAGES" / "paywall.po", LANGUAGES[code])


def messages(source: Catalog) -> dict[tuple[str, str], Message]:
    """By context and (first) source text; the head is left out."""
    found = {}
    for message in source:
        first = message.id if isinstance(message.id, str) else message.id[0]
        if first:
            found[message.context or "", first] = message
    return found


def sources(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_both_templates_hold_what_the_code_says_today(tmp_path: Path) -> None:
    for written in extract(into=tmp_path):
        now, then = messages(read(written)), messages(read(LOCALES_DIR / written.name))
        assert now.keys() == then.keys(), "run `python -m paywall.pages.i18n extract`"


def test_viewers_read_a_part_of_everything_and_nothing_of_the_console() -> None:
    everything = messages(read(LOCALES_DIR / "paywall.pot")).keys()
    viewers = messages(read(LOCALES_DIR / "viewer.pot")).keys()
    assert viewers < everything
    assert ("", "My tickets") in viewers
    assert ("", "Payment accounts") not in viewers
    assert ("", "A webhook of yours was switched off") not in viewers


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_language_has_every_message_of_its_readers_and_no_other(code: str) -> None:
    template = "paywall" if code in CONSOLE_LANGUAGES else "viewer"
    wanted = messages(read(LOCALES_DIR / f"{template}.pot"))
    here = messages(catalogue(code))
    assert here.keys() == wanted.keys(), f"run `python -m paywall.pages.i18n update {code}`"
    empty = [key[1] for key, message in here.items() if not all(forms(message))]
    assert empty == []
    assert not [key[1] for key, message in here.items() if message.fuzzy]


@pytest.mark.parametrize("code", TRANSLATED)
def test_plural_forms_are_as_many_as_the_language_has(code: str) -> None:
    whole = catalogue(code)
    for message in messages(whole).values():
        if message.pluralizable:
            assert len(forms(message)) == whole.num_plurals, message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_placeholders_and_tags_are_those_of_the_source(code: str) -> None:
    for message in messages(catalogue(code)).values():
        wanted = set(PLACEHOLDER.findall(sources(message)[-1]))
        for text in forms(message):
            # One form of several may say its number as a word: "one minute", "two minutes".
            used = set(PLACEHOLDER.findall(text))
            assert used <= wanted if message.pluralizable else used == wanted, text
        assert set(PLACEHOLDER.findall(forms(message)[-1])) == wanted, message.id
        for text in forms(message):
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(sources(message)[-1])), text
            assert "%%" not in text or "%%" in sources(message)[-1], text


@pytest.mark.parametrize("code", TRANSLATED)
def test_texts_begin_and_end_without_stray_blanks(code: str) -> None:
    for message in messages(catalogue(code)).values():
        for text in forms(message):
            assert text.strip() == text or sources(message)[0].strip() != sources(message)[0], text


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_says_whether_a_native_speaker_read_it(code: str) -> None:
    head = catalogue(code).header_comment
    assert (READ in head) != (UNREAD in head)


def test_a_new_language_gets_an_empty_catalogue_of_what_viewers_read(tmp_path: Path) -> None:
    for template in extract(into=tmp_path):
        assert template.exists()
    update(["ar"], tmp_path)
    written = read(tmp_path / "ar" / "LC_MESSAGES" / "paywall.po", "ar_EG")
    assert messages(written).keys() == messages(read(tmp_path / "viewer.pot")).keys()
    assert written.num_plurals == 6
    assert UNREAD in written.header_comment
    update(["ar"], tmp_path)
    again = read(tmp_path / "ar" / "LC_MESSAGES" / "paywall.po", "ar_EG")
    assert UNREAD in again.header_comment, "an update keeps who read it"


def test_a_language_that_we_do_not_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        update(["xx"], tmp_path)
