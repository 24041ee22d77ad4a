"""Months and days as the venue's own clock tells them. Facts are in UTC; finance is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import msgspec
import pyarrow as pa
from ibis.expr.types import IntegerValue, StringValue, Table, TimestampValue

from churn.features.moments import DAY_S, second
from infra.kernel.clock import epoch_s


class Month(msgspec.Struct, frozen=True):
    """A calendar month of the venue: from `starts_at` until just before `ends_at`, in UTC."""

    name: str
    starts_at: datetime
    ends_at: datetime


class Calendar(msgspec.Struct, frozen=True):
    """Months in a row, and their zone."""

    zone: str
    months: tuple[Month, ...]

    @classmethod
    def until(cls, moment: datetime, zone: str, count: int) -> Calendar:
        """The month of the moment and those before it, `count` in all."""
        local = moment.astimezone(ZoneInfo(zone))
        last = local.year * 12 + local.month - 1
        return cls(zone, tuple(_month(n, zone) for n in range(last - count + 1, last + 1)))

    @classmethod
    def month(cls, name: str, zone: str) -> Calendar:
        """One month, such as `2026-03`. ValueError where it isn't one."""
        day = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
        return cls(zone, (_month(day.year * 12 + day.month - 1, zone),))

    def table(self, as_of: datetime) -> Table:
        """`month`, `number` (1 more each month), `starts_at`, `ends_at`, `until_day` (the last
        local day that was over or begun at the moment, as `day` counts)."""
        rows = [
            {
                "month": month.name,
                "number": int(month.name[:4]) * 12 + int(month.name[5:]),
                "starts_at": month.starts_at,
                "ends_at": month.ends_at,
                "until_day": self._day(min(month.ends_at - timedelta(seconds=1), as_of)),
            }
            for month in self.months
        ]
        stamp = pa.timestamp("us", tz="UTC")
        kinds = {
            "month": pa.string(), "number": pa.int64(), "starts_at": stamp, "ends_at": stamp,
            "until_day": pa.int64(),
        }  # fmt: skip
        return ibis.memtable(pa.Table.from_pylist(rows, pa.schema(list(kinds.items()))))

    def month_of(self, at: TimestampValue) -> StringValue:
        """The month's name: empty before the first one, null after the last."""
        first = self.months[0].starts_at
        bounds = [(at < ibis.literal(first), "")]
        bounds += [(at < ibis.literal(month.ends_at), month.name) for month in self.months]
        return ibis.cases(*bounds, else_=ibis.null("string"))

    def day(self, at: TimestampValue) -> IntegerValue:
        """The calendar day in the zone, as a number."""
        shifts = self._shifts()
        offset = ibis.cases(
            *((at < ibis.literal(until), offset_s) for until, offset_s in shifts[:-1]),
            (at.notnull(), shifts[-1][1]),
            else_=0,
        )
        return (second(at) + offset) // DAY_S

    def _day(self, moment: datetime) -> int:
        return (epoch_s(moment) + _offset_s(moment, self.zone)) // DAY_S

    def _shifts(self) -> list[tuple[datetime, int]]:
        """(until when, seconds ahead of UTC) over the months, found to the hour."""
        moment = self.months[0].starts_at - timedelta(days=35)
        end = self.months[-1].ends_at
        found: list[tuple[datetime, int]] = []
        offset = _offset_s(moment, self.zone)
        while moment < end:
            moment += timedelta(hours=1)
            now = _offset_s(moment, self.zone)
            if now != offset:
                found.append((moment, offset))
                offset = now
        return [*found, (end, offset)]


def _month(number: int, zone: str) -> Month:
    """The month that is so many months after the year 0's January."""
    there = ZoneInfo(zone)
    starts, ends = (
        datetime(n // 12, n % 12 + 1, 1, tzinfo=there).astimezone(UTC) for n in (number, number + 1)
    )
    return Month(f"{number // 12:04d}-{number % 12 + 1:02d}", starts, ends)


def _offset_s(moment: datetime, zone: str) -> int:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
