"""A venue's accent colour, moved in lightness until it can be read. Pure: colour in, CSS out."""

import re
from dataclasses import dataclass

# Grounds an accent is read on: ground, surface and raised of the tokens, dark and light.
DARK_GROUNDS = ("#14110e", "#1c1814", "#282119")
LIGHT_GROUNDS = ("#faf7f2", "#ffffff", "#f1ebe2")
DARK_INK = "#14100a"
LIGHT_INK = "#ffffff"
CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3

_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


class NotAColour(ValueError):
    """The text isn't #rgb or #rrggbb."""


@dataclass(frozen=True)
class Accent:
    """One accent for each theme, with the ink that is written on it."""

    on_dark: str
    on_dark_ink: str
    on_light: str
    on_light_ink: str

    def css(self) -> str:
        """The text of a venue's theme.css; it is loaded after the shared style sheet."""
        return (
            f":root{{--accent:{self.on_dark};--on-accent:{self.on_dark_ink}}}\n"
            "@media (prefers-color-scheme: light){"
            ':root:not([data-theme="dark"])'
            f"{{--accent:{self.on_light};--on-accent:{self.on_light_ink}}}}}\n"
        )


def corrected(colour: str) -> Accent:
    """The nearest accents of the same hue and chroma that pass contrast on every ground."""
    lightness, a, b = _oklab(_rgb(colour))
    on_dark = _readable((lightness, a, b), DARK_GROUNDS, step=0.01)
    on_light = _readable((lightness, a, b), LIGHT_GROUNDS, step=-0.01)
    return Accent(on_dark, _ink(on_dark), on_light, _ink(on_light))


def accent_css(colour: str) -> str:
    """The theme style sheet for the colour a venue asked for."""
    return corrected(colour).css()


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    brighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _readable(lab: tuple[float, float, float], grounds: tuple[str, ...], step: float) -> str:
    lightness, a, b = lab
    while True:
        colour = _hex(_srgb((lightness, a, b)))
        if all(contrast(colour, ground) >= CONTRAST_MIN for ground in grounds) and (
            contrast(colour, _ink(colour)) >= CONTRAST_MIN
        ):
            return colour
        assert -0.02 <= lightness <= 1.02, "black and white pass on their grounds"
        lightness += step


def _ink(colour: str) -> str:
    return max((DARK_INK, LIGHT_INK), key=lambda ink: contrast(colour, ink))


def _rgb(colour: str) -> tuple[float, float, float]:
    found = _HEX.fullmatch(colour.strip())
    if found is None:
        raise NotAColour(f"{colour!r} is not a colour like #c4512d")
    digits = found[1]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in rgb)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _luminance(rgb: tuple[float, float, float]) -> float:
    red, green, blue = (_linear(part) for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Oklab keeps hue while lightness moves. Matrices: Ottosson, https://bottosson.github.io/posts/oklab/
def _oklab(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = (_linear(part) for part in rgb)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _srgb(lab: tuple[float, float, float]) -> tuple[float, float, float]:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(max(0.0, 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short)),
        _gamma(max(0.0, -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short)),
        _gamma(max(0.0, -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short)),
    )
