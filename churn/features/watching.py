"""How much a person watches, of what, and how well it played."""

from __future__ import annotations

import ibis
from ibis.expr.types import BooleanValue, Table

from churn.features.moments import day, days_since, past, within
from churn.lake import Facts

BAD_REBUFFER_SHARE = 0.05
BAD_STARTUP_MS = 10_000
"""A bad stream: no picture at all, a twentieth of the time waited, or ten seconds for a start.

In Krishnan and Sitaraman, Video Stream Quality Impacts Viewer Behavior (ACM IMC 2012), viewers
begin to leave after 2 s of start-up, 5.8 % more for each further second, and 1 % of rebuffering
costs 5 % of the minutes played. The limits here are several times that: what people complain of.
"""


def of_person(facts: Facts) -> Table:
    """A row a person with any playback session; FEATURES's `watching` and `quality`."""
    as_of = facts.as_of
    session = past(facts, "viewing").filter(lambda t: t.person != "")
    session = session.mutate(watched_s=session.watched_s.fill_null(0))
    watched = session.watched_s > 0
    # One pass over all sessions for what looks back for ever; the rest looks at 90 days.
    ever = session.group_by("person").agg(
        first_at=session.event_at.min(), last_at=session.event_at.max(where=watched)
    )
    lately = _lately(session.filter(within(session.event_at, as_of, 90)), facts)
    both = ever.left_join(lately, "person").drop("person_right")
    minutes, before = (both[name].fill_null(0) for name in ("minutes_30", "minutes_before_30"))
    return both.mutate(
        days_since_watched=days_since(both.last_at, as_of),
        # One minute added on both sides, so that nothing against nothing is no change.
        minutes_trend=((minutes + 1) / (before + 1)).log2(),
    ).drop("last_at")


def _lately(session: Table, facts: Facts) -> Table:
    """Of 90 days. Distinct things are counted in two steps, which takes less memory than sets."""
    as_of = facts.as_of
    month = within(session.event_at, as_of, 30)
    watched = session.watched_s > 0
    measured = session.rebuffer_s.notnull() & month
    waited_s = session.rebuffer_s.sum(where=measured)
    played_s = session.watched_s.sum(where=measured)
    live_s = session.watched_s.sum(where=session.kind == "live").fill_null(0)
    return session.group_by("person").agg(
        active_days_30=day(session.event_at).nunique(where=watched & month),
        active_days_90=day(session.event_at).nunique(where=watched),
        minutes_30=session.watched_s.sum(where=month) / 60,
        minutes_before_30=session.watched_s.sum(where=within(session.event_at, as_of, 30, 30)) / 60,
        live_share_90=live_s / session.watched_s.sum().nullif(0),
        concerts_90=session.concert_id.nunique(where=watched & (session.concert_id != "")),
        devices_90=session.device.nunique(where=watched & (session.device != "")),
        rebuffer_share_30=waited_s / (waited_s + played_s).nullif(0),
        failed_starts_30=session.count(where=session.failed & month),
        # Spark takes no condition on a median, and no engine counts nulls in one.
        startup_ms_30=month.ifelse(session.startup_ms, ibis.null()).median(),
        bad_stream_1=(bad(session) & within(session.event_at, as_of, 1)).any(),
    )


def bad(session: Table) -> BooleanValue:
    """The session went badly enough that a person would say so."""
    waited = session.rebuffer_s.fill_null(0)
    return (
        session.failed.fill_null(False)
        | (waited > BAD_REBUFFER_SHARE * (waited + session.watched_s))
        | (session.startup_ms.fill_null(0) >= BAD_STARTUP_MS)
    )
