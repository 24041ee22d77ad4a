"""Deadlines in opening hours, across nights, weekends and summer time; the rule of live events."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.kernel.errors import Invalid
from support_bot.case_clock import Promise, Window, after, opening, reply_due, spent, zone

WEEK = {day: (time(10), time(18)) for day in range(5)}
PARIS = ZoneInfo("Europe/Paris")
OFFICE = Promise(zone=PARIS, days=WEEK)


def paris(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (paris(20, 11), 4, paris(20, 15)),  # a Friday
        (paris(20, 11), 7, paris(20, 18)),
        (paris(20, 16), 4, paris(23, 12)),  # the weekend between
        (paris(21, 9), 1, paris(23, 11)),  # asked on a Saturday
        (paris(20, 5), 1, paris(20, 11)),  # before opening
        (paris(20, 23), 24, paris(25, 18)),
    ],
)
def test_a_promise_counts_opening_hours_only(start: datetime, hours: int, due: datetime) -> None:
    assert after(OFFICE, start, timedelta(hours=hours)) == due


def test_summer_time_changes_neither_the_hours_nor_the_promise() -> None:
    # The last Sunday of October 2026 is the 25th.
    assert after(OFFICE, paris(23, 17, month=10), timedelta(hours=2)) == paris(26, 11, month=10)


@given(
    st.integers(0, 20_000).map(lambda m: paris(1, 0) + timedelta(minutes=m)),
    st.integers(1, 3000).map(lambda m: timedelta(minutes=m)),
)
def test_exactly_the_promised_hours_pass_until_the_deadline(
    start: datetime, span: timedelta
) -> None:
    assert spent(OFFICE, start, after(OFFICE, start, span)) == span


def test_a_venue_that_never_opens_promises_by_the_clock_on_the_wall() -> None:
    shut = Promise(zone=PARIS, days={})
    assert after(shut, paris(20, 23), timedelta(hours=4)) == paris(21, 3)


def test_while_an_event_is_live_the_answer_comes_within_fifteen_minutes() -> None:
    show = Window(paris(21, 19, 30), paris(21, 23))  # a Saturday night, nobody in the office
    due = reply_due(OFFICE, paris(21, 21), [show])
    assert (due.at, due.live) == (paris(21, 21, 15), True)


def test_a_message_that_waits_when_doors_open_comes_under_the_rule_then() -> None:
    show = Window(paris(21, 19, 30), paris(21, 23))
    due = reply_due(OFFICE, paris(21, 15), [show])
    assert (due.at, due.live) == (paris(21, 19, 45), True)


def test_an_event_that_is_over_or_later_than_the_promise_changes_nothing() -> None:
    over = Window(paris(20, 9), paris(20, 10, 59))
    later = Window(paris(27, 19), paris(27, 23))
    due = reply_due(OFFICE, paris(20, 11), [over, later])
    assert (due.at, due.live) == (paris(20, 15), False)


@pytest.mark.parametrize(
    "hours",
    [{"0": ["18:00", "10:00"]}, {"7": ["10:00", "18:00"]}, {"0": "nine to five"}, {"x": 3}],
)
def test_hours_that_make_no_sense_name_their_field(hours: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        opening(hours)
    assert refused.value.field == "hours"


def test_a_zone_nobody_knows_is_utc() -> None:
    assert zone("Mars/Olympus") == ZoneInfo("UTC")
    assert datetime(2026, 1, 1, tzinfo=zone("")) == datetime(2026, 1, 1, tzinfo=UTC)
