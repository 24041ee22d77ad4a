"""Accents: whatever colour a venue picks, it can be read in both themes, and stays its colour."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.pages.accent import (
    CONTRAST_MIN,
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    NotAColour,
    accent_css,
    contrast,
    corrected,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def hue_of(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)[0]


@given(COLOURS)
def test_every_accent_passes_contrast_on_every_ground(colour: str) -> None:
    accent = corrected(colour)
    assert all(contrast(accent.on_dark, ground) >= CONTRAST_MIN for ground in DARK_GROUNDS)
    assert all(contrast(accent.on_light, ground) >= CONTRAST_MIN for ground in LIGHT_GROUNDS)


@given(COLOURS)
def test_the_ink_on_a_button_passes_contrast(colour: str) -> None:
    accent = corrected(colour)
    assert contrast(accent.on_dark, accent.on_dark_ink) >= CONTRAST_MIN
    assert contrast(accent.on_light, accent.on_light_ink) >= CONTRAST_MIN


def test_a_colour_that_already_passes_is_left_as_it_is() -> None:
    assert corrected("#f3b45a").on_dark == "#f3b45a"
    assert corrected("#a2420a").on_light == "#a2420a"


@pytest.mark.parametrize("colour", ["#c4512d", "#2255cc", "#117733"])
def test_a_corrected_colour_keeps_its_hue(colour: str) -> None:
    accent = corrected(colour)
    for shown in (accent.on_dark, accent.on_light):
        apart = abs(hue_of(shown) - hue_of(colour))
        assert min(apart, 1 - apart) < 0.06


def test_contrast_is_the_wcag_ratio() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_style_sheet_sets_both_themes_and_nothing_else() -> None:
    css = accent_css("#c00")
    assert css.count("--accent:") == 2
    assert css.count("--on-accent:") == 2
    assert "prefers-color-scheme: light" in css


@pytest.mark.parametrize("text", ["", "red", "#12", "#12345g", "#fff}body{display:none"])
def test_what_is_not_a_colour_is_refused(text: str) -> None:
    with pytest.raises(NotAColour):
        corrected(text)
