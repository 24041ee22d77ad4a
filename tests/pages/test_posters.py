"""Posters: the same input draws the same sheet, any name fits it, strangers' text stays text."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from paywall.pages.accent import contrast
from paywall.pages.lettering import Lettering
from paywall.pages.posters import COMPOSITIONS, MARGIN, PALETTES, WIDTH, _set_title, poster_svg

# A table of two letters: enough to see outlines used, without a web build.
NO_TABLE = Lettering(Path("no-such-table.json"))
NAMES = (
    "Maud & the Tides",
    "Ó",
    "Nachtmusik für Orgel und Elektronik",
    "ليلى منصور",
    "坂本龍一 トリビュート",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
)


def draw(name: str, seed: str = "evt_1", lettering: Lettering = NO_TABLE) -> str:
    return poster_svg(
        name, "3 Oct 2026, 20:00", seed, venue_text="La Verrière", lettering=lettering
    )


def test_the_same_event_keeps_its_poster() -> None:
    assert draw("Maud & the Tides") == draw("Maud & the Tides")


def test_another_seed_or_name_draws_another_sheet() -> None:
    sheets = {draw("Kroke", f"evt_{number}") for number in range(24)}
    assert len(sheets) == 24
    assert draw("Kroke") != draw("Winterreise")


def test_many_seeds_use_every_composition_and_palette() -> None:
    grounds = {
        match[1]
        for number in range(400)
        if (match := re.search(r'height="700" fill="(#\w+)"', draw("Kroke", str(number))))
    }
    assert grounds == {palette.ground for palette in PALETTES}
    assert len(COMPOSITIONS) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_any_name_gives_well_formed_svg_that_names_the_event(name: str) -> None:
    for seed in range(12):
        root = ElementTree.fromstring(draw(name, str(seed)))
        assert root.attrib["viewBox"] == "0 0 500 700"
        assert name in root.attrib["aria-label"]


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_sheet(name: str) -> None:
    inner = WIDTH - 2 * MARGIN
    title = _set_title(NO_TABLE, name, inner, 250)
    assert title.size > 0
    assert all(
        NO_TABLE.width(line, title.size, tracking=-22) <= inner + 0.01 for line in title.lines
    )


def test_hostile_text_cannot_become_markup() -> None:
    sheet = draw('<script>alert(1)</script> "onload="x')
    ElementTree.fromstring(sheet)
    assert "<script" not in sheet
    assert "style=" not in sheet


def test_letters_with_outlines_need_no_font(tmp_path: Path) -> None:
    table = tmp_path / "lettering.json"
    table.write_text(
        '{"black": {"cap": 700, "kern": {"AA": -20},'
        ' "glyphs": {"A": [600, "M0 0H9"], " ": [200, ""]}}}'
    )
    lettering = Lettering(table)
    assert lettering.width("AA", 1000) == 1180
    assert "<text" not in lettering.draw("A A", 0, 0, 10, "#000")
    assert "<text" in lettering.draw("B", 0, 0, 10, "#000")


@pytest.mark.parametrize("palette", PALETTES)
def test_words_are_readable_on_every_ground(palette: object) -> None:
    assert contrast(palette.ink, palette.ground) >= 4.5  # type: ignore[attr-defined]
