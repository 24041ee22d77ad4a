"""Who the simulated people are: what stays with a person through the two years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from churn.simulate import rules
from churn.simulate.rows import Array
from churn.simulate.seasons import Calendar


@dataclass
class People:
    """Traits, one entry a person. Numbers of choices are positions in the tables of `rules`."""

    joins: Array
    begins_as: Array
    country: Array
    city: Array
    source: Array
    campaign: Array
    interest: Array
    price_sense: Array
    genre: Array
    favourites: Array
    device: Array
    network: Array
    apple_mail: Array
    opens: Array
    consents: Array
    method: Array
    card_ends: Array
    declines: Array
    yearly: Array
    premium: Array
    discount: Array
    discount_months: Array

    def __len__(self) -> int:
        return len(self.joins)


CAMPAIGNS = ("", "rentree", "festival", "noel", "parrainage")


def _pick(rng: np.random.Generator, shares: Mapping[str, float], count: int) -> Array:
    return rng.choice(len(shares), count, p=np.array(list(shares.values())))


def _joins(rng: np.random.Generator, days: int, calendar: Calendar, count: int) -> Array:
    pace = calendar.pace[:days]
    spread = rng.choice(days, count, p=pace / pace.sum())
    launch = np.minimum(rng.exponential(rules.LAUNCH_DAYS, count), days - 1).astype(np.int64)
    return np.where(rng.random(count) < rules.LAUNCH_SHARE, launch, spread)


def people(count: int, days: int, calendar: Calendar, seed: int) -> People:
    """So many people who become customers in the course of so many days."""
    rng = np.random.default_rng([seed, 12])
    joins = _joins(rng, days, calendar, count)
    source = _pick(rng, rules.SOURCES, count)
    country = _pick(rng, rules.COUNTRIES, count)
    cities = np.array([len(rules.CITIES[name]) for name in rules.COUNTRIES])
    base = np.array([rules.SOURCE_INTEREST[name] for name in rules.SOURCES])
    discounted = rng.random(count) < rules.DISCOUNT_SHARE
    return People(
        joins=joins,
        begins_as=_pick(rng, rules.BEGIN_AS, count),
        country=country,
        # The first city of a country's list has most of its people.
        city=np.minimum(rng.geometric(0.45, count) - 1, cities[country] - 1),
        source=source,
        campaign=np.where(source == 4, 0, rng.choice(5, count, p=[0.55, 0.15, 0.1, 0.1, 0.1])),
        interest=rng.normal(0, rules.INTEREST_SD, count) + base[source],
        price_sense=rng.normal(0, 1, count),
        genre=rng.integers(0, rules.GENRES, count),
        favourites=rng.integers(0, rules.ARTISTS, (2, count)),
        device=_pick(rng, rules.DEVICES, count),
        network=rng.normal(0, 0.6, count),
        apple_mail=rng.random(count) < rules.APPLE_MAIL_SHARE,
        opens=rng.beta(2, 3, count) * rules.OPEN_SHARE / 0.4,
        consents=rng.random(count) < rules.CONSENT_SHARE,
        method=_pick(rng, rules.METHODS, count),
        card_ends=joins + rng.integers(20, rules.CARD_LIFE_DAYS, count),
        declines=rules.DECLINE_MEDIAN * np.exp(rng.normal(0, rules.DECLINE_SPREAD, count)),
        yearly=rng.random(count) < rules.YEARLY_SHARE,
        premium=rng.random(count) < rules.PREMIUM_SHARE,
        discount=np.where(discounted, rng.choice(rules.DISCOUNTS, count), 0.0),
        discount_months=rng.choice(rules.DISCOUNT_MONTHS, count),
    )


def coin(seed: int, number: int, count: int) -> Array:
    """A stable share between 0 and 1 for each person and action (splitmix64 of both)."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(((seed + 1) * 7919 + number * 104729) % 2**63)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2**53
