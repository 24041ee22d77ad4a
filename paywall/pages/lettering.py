"""Poster lettering as outlines: text in, paths and widths out, from the table of the web build."""

import json
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

UNITS_PER_EM = 1000
Weight = Literal["black", "text"]
_FALLBACK_FAMILY = "'Archivo','Helvetica Neue',Arial,'Noto Sans',sans-serif"
# Rough advance of a glyph we have no outline for: enough to fit a line.
_GUESS_ADVANCE = {"black": 660, "text": 560}
_WIDE_ADVANCE = 1000  # Han, kana and Hangul fill the em square


def runs_rtl(text: str) -> bool:
    """Whether the line is read from the right."""
    return any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)


@dataclass(frozen=True)
class Lettering:
    """Two weights of Archivo; text outside the table is set by the viewer's fonts."""

    table_file: Path

    @cached_property
    def _table(self) -> dict[str, Any]:
        if not self.table_file.exists():
            return {}
        table: dict[str, Any] = json.loads(self.table_file.read_text())
        return table

    def width(self, text: str, size: float, weight: Weight = "black", tracking: float = 0) -> float:
        """Advance width of one line; `tracking` is in thousandths of the size."""
        units = sum(advance for advance, _ in self._run(text, weight))
        return (units + tracking * max(0, len(text) - 1)) * size / UNITS_PER_EM

    def cap_height(self, size: float, weight: Weight = "black") -> float:
        cap: int = self._table.get(weight, {}).get("cap", 690)
        return cap * size / UNITS_PER_EM

    def fit(self, text: str, width: float, weight: Weight = "black", tracking: float = 0) -> float:
        """The size at which the line is exactly that wide."""
        return width / max(0.001, self.width(text, 1, weight, tracking))

    def draw(
        self, text: str, x: float, y: float, size: float, fill: str, weight: Weight = "black",
        tracking: float = 0, turn: float = 0,
    ) -> str:  # fmt: skip
        """One line with its baseline's start at (x, y), turned by degrees about that point."""
        if not text.strip():
            return ""
        place = f"translate({x:.1f} {y:.1f})" + (f" rotate({turn:g})" if turn else "")
        if not self.covers(text, weight):
            rtl = runs_rtl(text)
            if rtl and not turn:
                place = f"translate({x + self.width(text, size, weight, tracking):.1f} {y:.1f})"
            direction = ' direction="rtl"' if rtl else ""
            return (
                f'<text transform="{place}"{direction} font-family="{_FALLBACK_FAMILY}" '
                f'font-size="{size:.1f}" font-weight="{800 if weight == "black" else 500}" '
                f'fill="{fill}">{escape(text)}</text>'
            )
        glyphs: list[str] = []
        pen = 0.0
        for advance, outline in self._run(text, weight):
            if outline:
                glyphs.append(f'<path d="{outline}" transform="translate({pen:g} 0)"/>')
            pen += advance + tracking
        scale = size / UNITS_PER_EM
        return f'<g transform="{place} scale({scale:.5f})" fill="{fill}">{"".join(glyphs)}</g>'

    def covers(self, text: str, weight: Weight = "black") -> bool:
        """Whether every character has an outline; otherwise the viewer's fonts set the line."""
        glyphs = self._table.get(weight, {}).get("glyphs", {})
        return bool(glyphs) and all(char in glyphs for char in text)

    def _run(self, text: str, weight: Weight) -> list[tuple[float, str]]:
        """Advance and outline of each glyph, the advance with the kern towards the next one."""
        table = self._table.get(weight, {})
        glyphs = table.get("glyphs", {})
        kerns = table.get("kern", {})
        run = []
        for char, following in zip(text, [*text[1:], ""], strict=True):
            guess = _WIDE_ADVANCE if ord(char) > 0x2E7F else _GUESS_ADVANCE[weight]
            advance, outline = glyphs.get(char, (guess, ""))
            run.append((advance + kerns.get(char + following, 0), outline))
        return run
