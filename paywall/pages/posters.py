"""Event posters drawn from a name, a date and a seed, the same each time. Pure: SVG text out."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

from paywall.pages.lettering import Lettering, runs_rtl

WIDTH, HEIGHT, MARGIN = 500.0, 700.0, 30.0
SHIPPED_LETTERING = Lettering(
    Path(__file__).parent.parent / "static" / "dist" / "poster-lettering.json"
)
_TITLE_LINES_MAX = 4
_LEADING = 0.9


@dataclass(frozen=True)
class Palette:
    ground: str
    ink: str
    shapes: tuple[str, str, str]


PALETTES = (
    Palette("#16120e", "#f6ead7", ("#f0a93b", "#d9512c", "#8a3a22")),
    Palette("#efe6d6", "#17130f", ("#d8402a", "#17130f", "#e9a23b")),
    Palette("#10295a", "#f3ead9", ("#e8553a", "#7fb2e5", "#f2c14e")),
    Palette("#e5a823", "#1a1410", ("#1a1410", "#c63d22", "#f5ead2")),
    Palette("#12342b", "#f0e7d3", ("#e0683a", "#6fb592", "#e8c65a")),
    Palette("#eec9bd", "#2a1114", ("#b5253a", "#2a1114", "#f08a5d")),
    Palette("#d9d6cd", "#14130f", ("#14130f", "#e5482d", "#a29e92")),
    Palette("#241433", "#f2e6ef", ("#d65aa0", "#f29e4c", "#7a5bd0")),
    Palette("#0d3d46", "#f4ead6", ("#f0633f", "#3fa7a3", "#f1c75b")),
    Palette("#b8281c", "#fbeedb", ("#17100d", "#f2b03f", "#fbeedb")),
    Palette("#f0e9da", "#15213f", ("#2b4fc0", "#15213f", "#e4572e")),
)


@dataclass(frozen=True)
class Box:
    """A rectangle of the sheet; art is clipped to its own, words stay in theirs."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


T = TypeVar("T")
Art = Callable[[Random, Palette, Box], Iterator[str]]


def poster_svg(
    name: str,
    starts_at_text: str,
    seed: str,
    *,
    venue_text: str = "",
    lettering: Lettering = SHIPPED_LETTERING,
) -> str:
    """A 5:7 sheet; `starts_at_text` and `venue_text` are printed as they are given."""
    chance = Random(int.from_bytes(hashlib.sha256(f"{seed}\0{name}".encode()).digest()[:8], "big"))
    palette = _pick(chance, PALETTES)
    art = _pick(chance, COMPOSITIONS)
    below = chance.random() < 0.62
    title = _set_title(lettering, name, WIDTH - 2 * MARGIN, HEIGHT * 0.36)
    band = title.height(lettering) + 3 * MARGIN + 14
    field = Box(0, 0, WIDTH, HEIGHT - band) if below else Box(0, band, WIDTH, HEIGHT - band)
    words = Box(0, field.bottom, WIDTH, band) if below else Box(0, 0, WIDTH, band)
    label = f"{name}, {starts_at_text}" if starts_at_text else name
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'width="{WIDTH * 2:g}" height="{HEIGHT * 2:g}" role="img" aria-label={quoteattr(label)}>',
        f"<title>{escape(label)}</title>",
        f'<clipPath id="field"><rect x="{field.x:g}" y="{field.y:.1f}" width="{field.width:g}" '
        f'height="{field.height:.1f}"/></clipPath>',
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="{palette.ground}"/>',
        '<g clip-path="url(#field)">', *art(chance, palette, field), "</g>",
        *_words(lettering, title, starts_at_text, venue_text, palette, words, below=below),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


@dataclass(frozen=True)
class Title:
    lines: tuple[str, ...]
    size: float

    def height(self, lettering: Lettering) -> float:
        """From the first line's cap top to the last baseline; unknown scripts get room to hang."""
        hang = 0 if all(map(lettering.covers, self.lines)) else self.size * 0.4
        return lettering.cap_height(self.size) + (len(self.lines) - 1) * self.size * _LEADING + hang


def _set_title(lettering: Lettering, name: str, width: float, height: float) -> Title:
    """The line breaks that let the name stand largest."""
    words = name.split() or ["—"]
    words = [*words[:9], "…"] if len(words) > 10 else words
    best = Title((name,), 0)
    for count in range(1, min(_TITLE_LINES_MAX, len(words)) + 1):
        for breaks in combinations(range(1, len(words)), count - 1):
            edges = [0, *breaks, len(words)]
            lines = tuple(" ".join(words[start:end]) for start, end in pairwise(edges))
            widest = min(lettering.fit(line, width, tracking=-22) for line in lines)
            tallest = height / ((count - 1) * _LEADING + 0.7)
            size = min(widest, tallest, 118.0)
            if size > best.size:
                best = Title(lines, size)
    return best


def _words(
    lettering: Lettering, title: Title, starts_at_text: str, venue_text: str,
    palette: Palette, box: Box, *, below: bool,
) -> Iterator[str]:  # fmt: skip
    small = 15.0
    cap = lettering.cap_height(small, "text")
    inner = WIDTH - 2 * MARGIN
    facts_y = box.bottom - MARGIN if below else box.y + MARGIN + cap
    first = box.y + MARGIN if below else facts_y + MARGIN
    baseline = first + lettering.cap_height(title.size)
    for line in title.lines:
        # A capital's side bearing would push large letters off the margin.
        start = MARGIN - title.size * 0.03
        if runs_rtl(line):
            start = WIDTH - MARGIN - lettering.width(line, title.size, tracking=-22)
        yield lettering.draw(line, start, baseline, title.size, palette.ink, tracking=-22)
        baseline += title.size * _LEADING
    room = inner - lettering.width(starts_at_text, small, "text") - 20
    yield lettering.draw(starts_at_text, MARGIN, facts_y, small, palette.ink, "text")
    size = min(small, lettering.fit(venue_text, max(room, 60), "text")) if venue_text else small
    x = WIDTH - MARGIN - lettering.width(venue_text, size, "text")
    yield lettering.draw(venue_text, x, facts_y, size, palette.ink, "text")


def _pick(chance: Random, items: Sequence[T]) -> T:
    return items[int(chance.random() * len(items))]


def _between(chance: Random, low: float, high: float) -> float:
    return low + (high - low) * chance.random()


def _circle(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" {more}/>'


def _rect(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}" {more}/>'


def _arcs(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Rings around one point, each opened by a different angle and twice as thick as the last."""
    cx = _between(chance, 0.25, 0.75) * box.width
    cy = box.y + _between(chance, 0.35, 0.75) * box.height
    radius, stroke = 26.0, 7.0
    turn = chance.random() * 360
    while radius < 620:
        sweep = _between(chance, 0.3, 0.8) * 360
        length = math.tau * radius
        colour = _pick(chance, (*palette.shapes, palette.ink))
        dash = f'stroke-dasharray="{length * sweep / 360:.1f} {length:.1f}"'
        turned = f'transform="rotate({turn:.1f} {cx:.1f} {cy:.1f})"'
        line = f'stroke="{colour}" stroke-width="{stroke:.1f}" {dash} {turned}'
        yield _circle(cx, cy, radius, "none", line)
        radius += stroke * 1.55 + 8
        stroke = min(stroke * 1.32, 74)
        turn += _pick(chance, (45.0, 90.0, 135.0))


def _diagonals(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Slanted bars whose widths double: a beat that accelerates."""
    angle = _pick(chance, (-32.0, -45.0, 32.0, 45.0))
    cx, cy = box.width / 2, box.y + box.height / 2
    yield f'<g transform="rotate({angle:g} {cx:g} {cy:.1f})">'
    y, thick = cy - 430, 3.0
    while y < cy + 430:
        x = cx - 480 + _between(chance, 0, 300)
        length = _between(chance, 420, 900)
        colour = _pick(chance, palette.shapes) if thick > 9 else palette.ink
        yield _rect(x, y, length, thick, colour)
        y += thick + 13
        thick = thick * 1.26 if thick < 86 else 5.0
    yield "</g>"


def _halftone(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """A lattice of discs that swell where two waves meet."""
    columns = _pick(chance, (9, 11, 13))
    step = box.width / columns
    fx, fy, phase = _between(chance, 0.5, 1.3), _between(chance, 0.4, 1.1), chance.random() * 6.28
    main, other = palette.shapes[0], palette.shapes[1 + int(chance.random() * 2)]
    for row in range(math.ceil(box.height / step) + 1):
        for column in range(columns):
            wave = math.sin(column / columns * math.tau * fx + phase)
            wave += math.cos(row / columns * math.tau * fy - phase)
            radius = step * (0.09 + 0.2 * (wave + 2) / 1.75)
            colour = other if wave > 1.3 else main
            yield (
                f'<circle cx="{(column + 0.5) * step:.1f}" cy="{box.y + (row + 0.5) * step:.1f}" '
                f'r="{radius:.1f}" fill="{colour}"/>'
            )


def _keys(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Columns of unequal height hanging from the edge, like keys held down."""
    count = _pick(chance, (7, 9, 12))
    step = box.width / count
    hang = chance.random() < 0.5
    for index in range(count):
        height = box.height * (0.22 + 0.7 * abs(math.sin(index * 1.7 + chance.random() * 1.2)))
        y = box.y if hang else box.bottom - height
        colour = palette.shapes[0] if index % 3 else palette.shapes[1]
        yield _rect(index * step, y, step * 0.62, height, colour)
    radius = box.width * _between(chance, 0.13, 0.2)
    cx, cy = box.width * _between(chance, 0.3, 0.75), box.y + box.height * (0.72 if hang else 0.28)
    yield _circle(cx, cy, radius, palette.shapes[2])


def _discs(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Three large discs that overlap; where two meet the colour changes, as in a silkscreen."""
    size = min(box.width, box.height)
    centres = [
        (box.width * _between(chance, 0.2, 0.8), box.y + box.height * _between(chance, 0.2, 0.8))
        for _ in range(3)
    ]
    radii = [size * share for share in (0.52, 0.36, 0.24)]
    for index, ((x, y), radius) in enumerate(zip(centres, radii, strict=True)):
        disc = _circle(x, y, radius, palette.shapes[index])
        yield f'<clipPath id="d{index}">{disc}</clipPath>{disc}'
    meeting = palette.ink if palette.ink not in palette.shapes else palette.ground
    for (x, y), radius in zip(centres[1:], radii[1:], strict=True):
        yield _circle(x, y, radius, meeting, 'clip-path="url(#d0)"')
    (x, y), radius = centres[2], radii[2]
    yield _circle(x, y, radius * 0.42, palette.shapes[0])


def _rhythm(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Rows of blocks and rests: a bar of music read as a wall."""
    rows = _pick(chance, (6, 7, 9))
    step = box.height / rows
    gap = 7.0
    for row in range(rows):
        x = 0.0 if row % 2 else -gap
        while x < box.width:
            beats = _pick(chance, (1, 1, 2, 3, 4))
            width = beats * box.width / 8
            if chance.random() < 0.78:
                colour = _pick(chance, (*palette.shapes, palette.shapes[0], palette.ink))
                y = box.y + row * step
                round_end = step / 2 if chance.random() < 0.22 else 0
                corner = f'rx="{max(0.0, round_end - gap / 2):.1f}"'
                yield _rect(x, y, width - gap, step - gap, colour, corner)
            x += width


def _spot(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Beams from above cross on one disc: the stage."""
    target_x, base = box.width * _between(chance, 0.35, 0.65), box.bottom
    radius = box.width * _between(chance, 0.2, 0.27)
    for index in range(_pick(chance, (3, 4, 5))):
        origin = box.width * _between(chance, -0.1, 1.1)
        spread = _between(chance, 0.35, 0.9) * radius
        yield (
            f'<path d="M{origin:.1f} {box.y - 20:.1f}'
            f'L{target_x - spread:.1f} {base:.1f}H{target_x + spread:.1f}Z" '
            f'fill="{palette.shapes[index % 3]}" fill-opacity="{0.9 if index == 0 else 0.55}"/>'
        )
    yield _circle(target_x, base, radius, palette.ink)


def _grooves(chance: Random, palette: Palette, box: Box) -> Iterator[str]:
    """Fine rings from two centres; their interference is the picture."""
    colour = palette.shapes[0]
    one = (box.width * _between(chance, 0.1, 0.4), box.y + box.height * _between(chance, 0.2, 0.8))
    two = (box.width * _between(chance, 0.6, 0.9), box.y + box.height * _between(chance, 0.2, 0.8))
    step = _pick(chance, (9.0, 11.0, 13.0))
    for (x, y), ink in ((one, colour), (two, palette.ink)):
        radius = step
        while radius < 760:
            thick = f'stroke="{ink}" stroke-width="{step * 0.42:.1f}"'
            yield _circle(x, y, radius, "none", thick)
            radius += step
    x, y = one
    yield _circle(x, y, step * 5, palette.shapes[1])


COMPOSITIONS: tuple[Art, ...] = (
    _arcs, _diagonals, _halftone, _keys, _discs, _rhythm, _spot, _grooves,
)  # fmt: skip
