"""How long people pay: cohorts, Kaplan-Meier's curve, and what a subscriber is worth by it."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis.expr.types import FloatingValue, IntegerValue, StringValue, Table

from churn.features.moments import DAY_S, second
from churn.lake import Facts
from churn.metrics.calendar import Calendar
from churn.metrics.leaving import subscriber_churn
from churn.metrics.mrr import arpu
from churn.metrics.shape import values
from churn.metrics.states import lives
from infra.kernel.clock import epoch_s

Z = 1.959964
"""Of 95 %, two-sided."""
HORIZON_DAYS = 1095
MONTHS_A_DAY = 12 / 365.25


def cohort_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Who still pays: `month` (the cohort's, of the first payment), `person`, `dimension` (months
    later, two digits; 00 is the end of the first month)."""
    assert definition == "paywall"
    life = lives(facts).mutate(cohort=lambda t: calendar.month_of(t.first_at))
    month = calendar.table(facts.as_of)
    first = calendar.table(facts.as_of).select(cohort="month", first_number="number")
    life = life.join(first, "cohort").select(life, first.first_number)
    there = [
        life.began_at < month.ends_at,
        life.left_at.isnull() | (life.left_at >= month.ends_at),
        month.number >= life.first_number,
    ]
    later = month.number - life.first_number
    return life.join(month, there).select(
        life.person, month=life.cohort, dimension=_two_digits(later)
    )


def _two_digits(number: IntegerValue) -> StringValue:
    return number.cast("string").lpad(2, "0")


def _grid(calendar: Calendar) -> Table:
    names = [month.name for month in calendar.months]
    pairs = [(month, later) for at, month in enumerate(names) for later in range(len(names) - at)]
    columns = {
        "month": [month for month, _ in pairs],
        "dimension": [f"{later:02d}" for _, later in pairs],
    }
    return ibis.memtable(pa.table(columns))


def cohorts(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per cohort and months later; `count` is the cohort's size."""
    row = cohort_rows(facts, calendar, definition)
    stay = row.group_by("month", "dimension").agg(stay=row.count())
    life = lives(facts).mutate(month=lambda t: calendar.month_of(t.first_at))
    size = life.group_by("month").agg(count=life.person.nunique())
    # A month in which nobody of the cohort paid is a zero and not a gap.
    grid = _grid(calendar)
    keys = ["month", "dimension"]
    grid = grid.left_join(stay, keys).select("month", "dimension", stay=stay.stay.fill_null(0))
    whole = grid.join(size, "month")
    return values(whole, value=whole.stay / whole["count"])


def life_rows(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Each uninterrupted time of paying: `person`, `began_at`, `left_at`, `days` (whole ones, so
    far where it goes on), `left`; `month` is the calendar's last."""
    assert definition == "kaplan_meier"
    life = lives(facts)
    end = ibis.coalesce(second(life.left_at), epoch_s(facts.as_of))
    return life.select(
        "person", "began_at", "left_at", month=ibis.literal(calendar.months[-1].name),
        days=(end - second(life.began_at)) // DAY_S, left=life.left_at.notnull(),
    )  # fmt: skip


def curve(lives_of: Table) -> Table:
    """Kaplan and Meier's estimate at each `day` on which somebody left: `stay`, `variance` (the
    sum in Greenwood's formula, without the square of `stay`), `left`, `at_risk`.

    Who stayed so many whole days and no longer is at risk on that day.
    """
    day = lives_of.group_by(day=lives_of.days).agg(
        left=lives_of.count(where=lives_of.left), lives=lives_of.count()
    )
    onward = day.lives.sum().over(order_by="day", rows=(0, None))
    day = day.mutate(at_risk=onward.cast("int64"))
    day = day.filter(day.left > 0)
    last = day.left == day.at_risk
    # Once all have left, nothing stays and there is no variance to speak of.
    chance = ibis.ifelse(last, 0.0, (1 - day.left / day.at_risk).nullif(0).ln())
    part = ibis.ifelse(last, 0.0, day.left / (day.at_risk * (day.at_risk - day.left).nullif(0)))
    day = day.mutate(chance=chance, part=part, last=last)
    so_far = {"order_by": "day", "rows": (None, 0)}
    stay = ibis.ifelse(day.last, 0.0, day.chance.sum().over(**so_far).exp())
    return day.mutate(stay=stay, variance=day.part.sum().over(**so_far))


def survival(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """At each day on which somebody left, as the last month's; `dimension` is the day in four
    digits, `count` the people at risk. 95 % on the log-log scale, within 0 and 1."""
    day = curve(life_rows(facts, calendar, definition))
    log = day.stay.nullif(0).nullif(1).ln()
    spread = Z * day.variance.sqrt() / log
    return values(
        day,
        month=ibis.literal(calendar.months[-1].name),
        dimension=day.day.cast("string").lpad(4, "0"),
        value=day.stay,
        # spread is below zero, since the logarithm is
        low=(-((-log).ln() - spread).exp()).exp(),
        high=(-((-log).ln() + spread).exp()).exp(),
        count=day.at_risk,
    )


def mean_days(lives_of: Table) -> Table:
    """One row: `days`, the mean time paid within HORIZON_DAYS or the longest life known, and its
    `variance` (Klein and Moeschberger 4.5: the sum over leavings of the squared area after each,
    times left / (at_risk (at_risk - left))); `lives`."""
    whole = lives_of.agg(longest=lives_of.days.max(), lives=lives_of.count())
    whole = whole.mutate(until=ibis.least(whole.longest, HORIZON_DAYS))
    day = curve(lives_of).cross_join(whole)
    day = day.filter(day.day < day.until)
    in_order = ibis.window(order_by="day")
    end = day.day.lead().over(in_order).fill_null(day.until)
    day = day.mutate(area=day.stay * (end - day.day))
    after = day.area.sum().over(order_by="day", rows=(0, None))
    day = day.mutate(weighed=after * after * day.part)
    summed = day.agg(area=day.area.sum(), first=day.day.min(), variance=day.weighed.sum())
    both = whole.cross_join(summed)
    return both.select(
        "lives",
        # All stay until the first leaves; without any leaving, until the end.
        days=ibis.coalesce(both.first, both.until) + both.area.fill_null(0),
        variance=both.variance.fill_null(0),
    )


def lifetime_value(facts: Facts, calendar: Calendar, definition: str) -> Table:
    """Per currency, in minor units. `three_years` as the last month's, `simple` per month."""
    if definition == "simple":
        return _over_churn(facts, calendar)
    last = Calendar(calendar.zone, calendar.months[-1:])
    per_day = arpu(facts, last, "mrr")
    mean = mean_days(life_rows(facts, last, "kaplan_meier"))
    whole = per_day.cross_join(mean)
    rate = whole.value * MONTHS_A_DAY
    spread = Z * whole.variance.sqrt()
    return values(
        whole.drop("low", "high"),
        value=rate * whole.days,
        low=rate * ibis.greatest(whole.days - spread, 0),
        high=rate * (whole.days + spread),
        count=whole.lives,
    )


def _over_churn(facts: Facts, calendar: Calendar) -> Table:
    share = subscriber_churn(facts, calendar, "start")
    share = share.select("month", churn="value", left="count")
    share = share.mutate(people=share.left / share.churn.nullif(0))
    per_person = arpu(facts, calendar, "mrr")
    whole = per_person.join(share, "month")
    whole = whole.filter(whole.churn > 0)
    low, high = wilson(whole.churn, whole.people)
    return values(
        whole.drop("low", "high"),
        value=whole.value / whole.churn, low=whole.value / high, high=whole.value / low,
    )  # fmt: skip


def wilson(share: FloatingValue, count: FloatingValue) -> tuple[FloatingValue, FloatingValue]:
    """Wilson's 95 % interval of a share (Wilson 1927)."""
    z2 = Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = (share * (1 - share) / count + z2 / (4 * count * count)).sqrt() * Z / (1 + z2 / count)
    return middle - spread, middle + spread
