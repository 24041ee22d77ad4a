"""What no native speaker has read: every text of viewers is counted once, in all languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from paywall.pages.environment import make_environment
from paywall.pages.i18n import READ, UNREAD, Catalogues
from paywall.pages.unread import Reading, catalogue_read, messages_of
from support_bot.articles import Article, ArticleText, OwnKnowledge
from support_bot.readings import ARTICLE, MAILS, PAGES


@pytest.fixture(scope="module")
def reading() -> Reading:
    catalogues = Catalogues()
    return Reading(catalogues, make_environment(Path("/nowhere"), catalogues))


def test_every_language_is_counted(reading: Reading) -> None:
    found = reading.languages(OwnKnowledge(), {})
    assert len(found) == 29
    for one in found:
        assert (one.unread(ARTICLE), one.missing) == (50, 0)
        assert one.unread(PAGES) > 10 * one.unread(MAILS) / 3 > 0


def test_a_text_belongs_to_mails_or_to_pages() -> None:
    environment = make_environment(Path("/nowhere"), Catalogues())
    mails, pages = (set(messages_of(environment, kind)) for kind in (MAILS, PAGES))
    assert not mails & pages
    assert ("Your log-in button",) in mails
    assert ("Where is it?",) not in pages
    assert ("Did this help?",) in pages


def test_what_a_venue_wrote_is_to_be_read_and_to_be_written(reading: Reading) -> None:
    own = OwnKnowledge([Article("parking", "venue", {"fr": ArticleText("Se garer", "Derrière.")})])
    by_code = {one.code: one for one in reading.languages(own, {})}
    assert by_code["fr"].unread(ARTICLE) == 51
    assert by_code["fr"].missing == 0
    assert (by_code["de"].unread(ARTICLE), by_code["de"].missing) == (50, 1)


def test_a_changed_text_has_another_print(reading: Reading) -> None:
    [before] = reading.languages(OwnKnowledge(), {}, "fr")
    over = OwnKnowledge([Article("no-sound", "", {"fr": ArticleText("Muet", "Montez.")})])
    [after] = reading.languages(over, {}, "fr")
    changed = {a.key for a, b in zip(before.subjects, after.subjects, strict=True) if a != b}
    assert changed == {"article:no-sound"}


def test_a_catalogue_says_itself_whether_it_was_read(tmp_path: Path) -> None:
    for code, head in (("fr", READ), ("de", UNREAD)):
        folder = tmp_path / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "paywall.po").write_text(f"# {code}\n# {head}\n", encoding="utf-8")
    assert catalogue_read("fr", tmp_path) is True
    assert catalogue_read("de", tmp_path) is False
    assert catalogue_read("it", tmp_path) is False
