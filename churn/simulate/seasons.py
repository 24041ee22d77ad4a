"""The venue's calendar: concerts from autumn to spring, a festival in July, a silent summer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from churn.simulate import rules
from churn.simulate.rows import Array, Rows, Word

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
ZONE = ZoneInfo("Europe/Paris")
AHEAD_DAYS = 120
_FIRST = ("Maud", "Ayo", "Lior", "Inès", "Tarek", "Noor", "Elio", "Saskia", "Bastien", "Yuna",
          "Kofi", "Alma")  # fmt: skip
_GENRE = ("chamber pop", "jazz", "songs", "electronic", "early music", "West African")


@dataclass
class Calendar:
    """Concerts in the order of their evenings; arrays of the same length."""

    day: Array
    """Day of the simulation; beyond its last day are those announced already."""
    begins_us: Array
    ends_us: Array
    known_us: Array
    artist: Array
    genre: Array
    bad: Array
    """The stream itself was bad that night."""
    on: Array
    """Concert of each day, -1 where there is none."""
    pace: Array
    """How much the season calls on each day: 1 in mid-season, less in summer."""
    silent: Array
    """No concert from two weeks ago to two weeks from now."""
    near: Array
    """Day x artist: plays within two weeks, or played last week."""
    ahead: Array
    """Day x artist: plays within 30 days, and it is announced."""


def month_day(start: date, day: int) -> tuple[int, int]:
    """Month and day of the month of a day of the simulation."""
    at = start + timedelta(days=day)
    return at.month, at.day


def _pace(start: date, days: int) -> Array:
    pace = np.ones(days)
    for day in range(days):
        month, dom = month_day(start, day)
        if (month, dom) >= (7, 15) and (month, dom) < (9, 10):
            pace[day] = 0.45
        elif month in {9, 10}:
            pace[day] = 1.45
        elif month in {6, 7}:
            pace[day] = 0.8
        elif month == 12:
            pace[day] = 1.15
    return pace


def _plays(start: date, day: int, rng: np.random.Generator) -> bool:
    month, dom = month_day(start, day)
    chance = float(rng.random())  # drawn each day, so that the calendar does not shift
    if month == 7 and 2 <= dom < 2 + rules.FESTIVAL_DAYS:
        return True
    if (6, 15) <= (month, dom) < (9, 15):
        return False
    weekday = (start + timedelta(days=day)).weekday()
    return weekday in rules.CONCERT_WEEKDAYS and chance < rules.CONCERT_CHANCE


def calendar(start: date, days: int, seed: int) -> Calendar:
    """The concerts of so many days and of the months after them."""
    rng = np.random.default_rng([seed, 11])
    whole = days + AHEAD_DAYS
    day = np.array([d for d in range(whole) if _plays(start, d, rng)], np.int64)
    count = len(day)
    first_us = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp() * 1e6)
    evening = []
    for d in day:
        on = start + timedelta(days=int(d))
        local = datetime(on.year, on.month, on.day, 20, 30 if on.weekday() > 3 else 0, tzinfo=ZONE)
        evening.append(int(local.timestamp() * 1e6))
    begins = np.array(evening, np.int64)
    lasts = rng.integers(80, 140, count) * 60_000_000
    low, high = rules.ANNOUNCED_DAYS
    known = np.maximum(begins - rng.integers(low, high, count) * DAY_US, first_us)
    artist = rng.integers(0, rules.ARTISTS, count)
    on_day = np.full(whole, -1, np.int64)
    on_day[day] = np.arange(count)
    around = np.convolve(on_day >= 0, np.ones(29), "same")
    near, ahead = _shown(day, artist, (known - first_us) // DAY_US, whole)
    return Calendar(
        day=day,
        begins_us=begins,
        ends_us=begins + lasts,
        known_us=known,
        artist=artist,
        genre=artist % rules.GENRES,
        bad=rng.random(count) < rules.BAD_NIGHT_SHARE,
        on=on_day,
        pace=_pace(start, whole),
        silent=around < 0.5,
        near=near,
        ahead=ahead,
    )


def _shown(day: Array, artist: Array, known: Array, whole: int) -> tuple[Array, Array]:
    near = np.zeros((whole, rules.ARTISTS), np.bool_)
    ahead = np.zeros((whole, rules.ARTISTS), np.bool_)
    for d, who, told in zip(day, artist, known, strict=True):
        near[max(d - 14, 0) : d + 8, who] = True
        ahead[max(d - 30, told, 0) : d + 1, who] = True
    return near, ahead


def artist_names() -> tuple[str, ...]:
    """As many names as there are artists, each with its genre."""
    return tuple(
        f"{_FIRST[i % len(_FIRST)]} {'I' * (1 + i // len(_FIRST))} ({_GENRE[i % rules.GENRES]})"
        for i in range(rules.ARTISTS)
    )


def write_concerts(rows: Rows, calendar: Calendar, start: date) -> None:
    """Each concert as it was announced."""
    names = artist_names()
    at = [start + timedelta(days=int(d)) for d in calendar.day]
    seasons = [f"sim_season_{a.year if a.month >= 8 else a.year - 1}" for a in at]
    listed = tuple(sorted(set(seasons)))
    number = np.arange(len(at), dtype=np.int64)
    rows.add(
        "concerts",
        calendar.begins_us,
        known=calendar.known_us,
        fact_id=number,
        concert_id=number,
        name=Word(names, calendar.artist),
        artist=Word(names, calendar.artist),
        season_id=Word(listed, np.array([listed.index(s) for s in seasons])),
        ends_at=calendar.ends_us,
        state="published",
    )
