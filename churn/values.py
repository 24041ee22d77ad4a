"""What a column of text means: numbers in either decimal style, dates in any order, categories."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

NOTHING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "nil", "?", "-", "--", ".", "\\n", "nat", "<na>"}
)
"""Spellings of "no value", lower case. `none` and `unknown` are answers, so they stay levels."""

_NOISE = re.compile(r"[\s\u00a0\u202f'’€$£¥%]|(?<=\d)(?:EUR|USD|GBP|CHF)$|^(?:EUR|USD|GBP|CHF)")
_DOT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*)(?:,\d*)?(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"^([+-]?\d+)\.0+$")

DATE_FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%Y %H:%M:%S",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y%m%d",
)
_LOOKS_DATED = re.compile(
    r"^\d{1,4}[-/. ][\w]{1,9}[-/. ,]|^[A-Za-z]{3,9} \d{1,2},|^(?:19|20)\d{6}$"
)
_DAY_S = 86_400.0


def is_text(values: pd.Series) -> bool:
    return not (
        pd.api.types.is_numeric_dtype(values)
        or pd.api.types.is_bool_dtype(values)
        or pd.api.types.is_datetime64_any_dtype(values)
    )


def as_levels(values: pd.Series) -> pd.Series:
    """Text without outer spaces, "" where there is no value; 1.0 and 1 are the same level."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    codes, found = pd.factorize(values, use_na_sentinel=True)
    levels = [_level(value) for value in found]
    return pd.Series(
        np.array([*levels, ""], dtype=object)[codes], index=values.index, name=values.name
    )


def _level(value: object) -> str:
    text = str(value).strip()
    if text.lower() in NOTHING:
        return ""
    return _WHOLE.sub(r"\1", text)


def as_numbers(values: pd.Series, decimal: str) -> Floats:
    """Numbers; NaN where there is none. Takes currency signs, per cent and thousands marks."""
    if not is_text(values):
        if pd.api.types.is_datetime64_any_dtype(values):
            return as_days(values, "")
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    codes, found = pd.factorize(values, use_na_sentinel=True)
    parsed = np.array([*(_number(str(value), decimal) for value in found), np.nan])
    return np.asarray(parsed[codes], dtype=float)


def _number(text: str, decimal: str) -> float:
    text = _NOISE.sub("", text.strip())
    shape = _DOT if decimal == "." else _COMMA
    if not any(letter.isdigit() for letter in text) or not shape.fullmatch(text):
        return float("nan")
    if decimal == ".":
        text = text.replace(",", "")
    else:
        text = text.replace(".", "").replace(",", ".")
    number = float(text)
    return number if np.isfinite(number) else float("nan")


def decimal_mark(values: pd.Series, otherwise: str) -> tuple[str, float]:
    """Under which decimal mark more of the values are numbers, and what share then is.

    `otherwise` breaks a tie ("1,234" is both), from the rest of the file.
    """
    filled = values[~values.str.lower().isin(NOTHING)]
    if filled.empty:
        return otherwise, 0.0
    dot = float(np.isfinite(as_numbers(filled, ".")).mean())
    comma = float(np.isfinite(as_numbers(filled, ",")).mean())
    if dot == comma:
        return otherwise, dot
    return (".", dot) if dot > comma else (",", comma)


def looks_coded(values: pd.Series) -> bool:
    """Digits that are a name: 00123 beside 04711, all of one length."""
    filled = values[values != ""]
    return (
        len(filled) > 0
        and bool(filled.str.fullmatch(r"\d{2,}").all())
        and bool(filled.str.startswith("0").mean() > 0.01)
        and filled.str.len().nunique() == 1
    )


def as_days(values: pd.Series, date_format: str) -> Floats:
    """Days since 1970-01-01 UTC, with fractions; NaN where there is no date."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = pd.Series(
            pd.to_datetime(values.astype(str), format=date_format, errors="coerce", utc=True)
        )
    elif values.dt.tz is None:
        values = values.dt.tz_localize("UTC")
    seconds = (values - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(seconds.to_numpy(dtype=float, na_value=np.nan) / _DAY_S)


def date_format(values: pd.Series, *, day_first: bool) -> str:
    """The format under which at least 95 % of the values are dates, or "" when they are none.

    Where 03/04/2025 could be both, other rows decide (a 13th month there is none), and if none
    does, `day_first`.
    """
    filled = values[~values.str.lower().isin(NOTHING)]
    if filled.empty:
        return ""
    probe = filled if len(filled) <= 2000 else filled.sample(2000, random_state=0)
    if probe.str.contains(_LOOKS_DATED).mean() < 0.95:
        return ""
    best, best_share = "", 0.95
    for form in DATE_FORMATS:
        days = as_days(probe, form)
        real = np.isfinite(days) & (days > -40_000) & (days < 50_000)  # 1860 to 2106
        share = float(real.mean())
        preferred = share == best_share and best != "" and day_first and _day_first(form)
        if share > best_share or (share == 0.95 and not best) or preferred:
            best, best_share = form, share
    return best


def _day_first(form: str) -> bool:
    return form.startswith("%d")
