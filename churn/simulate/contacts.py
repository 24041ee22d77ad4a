"""What passes between people and venue: support cases, visits, mails, consents."""

from __future__ import annotations

import numpy as np

from churn.simulate import rules
from churn.simulate.people import CAMPAIGNS
from churn.simulate.rows import Array, Word
from churn.simulate.rules import Status
from churn.simulate.seasons import HOUR_US
from churn.simulate.watching import sigmoid
from churn.simulate.world import Today, World

SOURCES = tuple(rules.SOURCES)
COUNTRIES = tuple(rules.COUNTRIES)
TOPICS = ("quality", "payment", "access", "refund")
SETTLED = ("article", "bot", "suggestion", "person")
PAGES = ("storefront", "event", "offer", "account")
CITIES = tuple(city for cities in rules.CITIES.values() for city in cities)


def greet(world: World, today: Today) -> None:
    """The facts of who became a customer today, with the first visit and the answer on news."""
    p, s = world.people, world.state
    who = np.flatnonzero(p.joins == today.day)
    if not len(who):
        return
    at = today.at(len(who), 7, 8.9)
    languages = tuple(rules.LANGUAGE[name] for name in COUNTRIES)
    first = np.cumsum([0, *(len(cities) for cities in rules.CITIES.values())])[:-1]
    came = Word(SOURCES, p.source[who])
    campaign = Word(CAMPAIGNS, p.campaign[who])
    world.rows.add(
        "people", at, person=who, fact_id=who, country=Word(COUNTRIES, p.country[who]),
        language=Word(languages, p.country[who]), source=came, campaign=campaign,
        city=Word(CITIES, first[p.country[who]] + p.city[who]),
    )  # fmt: skip
    world.rows.add(
        "visits", at - 600_000_000, person=who, visit_id=world.rows.ids("visit_id", len(who)),
        page="storefront", source=came, campaign=campaign, device=_device(world, who),
    )  # fmt: skip
    s.consents[who] = p.consents[who]
    consent(world, at + 1_000_000, who, "account", granted=p.consents[who])


def consent(world: World, at: Array, who: Array, where: str, *, granted: Array) -> None:
    """A yes or a no to news."""
    world.rows.add("consents", at, person=who, purpose="venue_news", granted=granted, source=where)


def _device(world: World, who: Array) -> Word:
    return Word(tuple(rules.DEVICES), world.people.device[who])


def visit(world: World, today: Today) -> None:
    """Visits follow interest and the season."""
    if not world.rows.wants("visits"):
        return
    there = world.state.status != Status.NOT_YET
    pull = np.exp(0.5 * today.interest) * world.calendar.pace[today.day]
    who = np.flatnonzero(there & (today.rng.random(len(there)) < rules.VISIT_RATE * pull))
    count, rng = len(who), today.rng
    page = rng.choice(4, count, p=(0.4, 0.38, 0.1, 0.12))
    coming = np.flatnonzero(world.calendar.day >= today.day)[:6]
    concert = rng.choice(coming, count) if len(coming) else np.zeros(count, np.int64)
    own = rng.random(count) < 0.5
    source = np.where(own, SOURCES.index("direct"), rng.integers(0, len(SOURCES), count))
    world.rows.add(
        "visits", today.at(count, 7, 23.9), person=who,
        visit_id=world.rows.ids("visit_id", count), page=Word(PAGES, page),
        concert_id=np.where(page == 1, concert, np.iinfo(np.int64).min),
        source=Word(SOURCES, source), device=_device(world, who),
    )  # fmt: skip


def support(world: World, today: Today) -> None:
    """Cases, mostly after a bad session or a declined payment; a bad answer is remembered."""
    s, rng = world.state, today.rng
    s.unsatisfied *= rules.CASE_MEMORY
    bad_now = s.bad > 0.9
    declined = (s.status == Status.OWING) & (s.attempt == 1)
    rate = rules.CASE_RATE + rules.CASE_AFTER_BAD * bad_now * (s.watched == today.day)
    rate = rate + rules.CASE_AFTER_DECLINE * declined / 3
    there = s.status != Status.NOT_YET
    who = np.flatnonzero(there & (today.dice["case"] < rate))
    if not len(who):
        return
    unhappy = today.dice["unsatisfied"][who] < rules.UNSATISFIED_SHARE
    s.unsatisfied[who] += unhappy
    if not world.rows.wants("support"):
        return
    count = len(who)
    topic = np.where(bad_now[who], 0, np.where(declined[who], 1, rng.integers(1, 4, count)))
    settled = rng.choice(4, count, p=(0.22, 0.28, 0.1, 0.4))
    hours = np.where(settled == 3, rng.exponential(20, count), rng.exponential(0.2, count)) + 0.05
    hours = hours * np.where(unhappy, 2.5, 1.0)
    stars = np.where(unhappy, rng.integers(1, 3, count), rng.integers(4, 6, count))
    answered = rng.random(count) < 0.45
    at, case = today.at(count, 8, 23.5), world.rows.ids("case_id", count)
    facts = {
        "person": who, "case_id": case, "fact_id": case, "topic": Word(TOPICS, topic),
        "channel": Word(("web", "player", "mail"), rng.choice(3, count, p=(0.5, 0.3, 0.2))),
    }  # fmt: skip
    world.rows.add("support", at, state="open", **facts)
    solved = at + (hours * HOUR_US).astype(np.int64)
    world.rows.add(
        "support", at, known=solved, state="solved", settled_by=Word(SETTLED, settled),
        satisfaction=np.where(answered, stars, np.iinfo(np.int64).min), solved_at=solved, **facts,
    )  # fmt: skip


def news(world: World, today: Today) -> None:
    """The newsletter, every second Thursday, to who agreed to it."""
    days = (world.start.toordinal() + today.day - 1) % 7
    if days != 3 or (today.day // 7) % (rules.NEWS_EVERY_DAYS // 7):
        return
    who = np.flatnonzero(world.state.consents)
    at = np.full(len(who), today.midnight_us + 16 * HOUR_US)
    message = mail(world, today, who, at, "marketing", "")
    # Whether somebody goes must be the same in every world: it decides who meets an action.
    dice = today.dice["consent"][who]
    rate = rules.UNSUBSCRIBE * np.exp(-0.5 * today.interest[who])
    gone = dice < rate
    s = world.state
    s.consents[who[gone]] = False
    when = at[gone] + 3 * HOUR_US
    consent(world, when, who[gone], "mail", granted=np.zeros(int(gone.sum()), np.bool_))
    world.rows.add(
        "messages", when - 1000, person=who[gone], message_id=message[gone], kind="marketing",
        template="news", change="unsubscribed",
    )  # fmt: skip


def mail(world: World, today: Today, who: Array, at: Array, kind: str, action_id: str) -> Array:
    """One message each, and what became of it; their numbers.

    Apple's mail program opens what nobody reads.
    """
    count, rng, p = len(who), today.rng, world.people
    message = world.rows.ids("message_id", count)
    if not world.rows.wants("messages"):
        return message
    template = action_id or "news"

    def tell(chosen: Array, change: str, hours: float) -> None:
        after = (rng.exponential(hours, int(chosen.sum())) * HOUR_US).astype(np.int64)
        world.rows.add(
            "messages", at[chosen] + after, person=who[chosen], message_id=message[chosen],
            kind=kind, template=template, action_id=action_id, change=change,
        )  # fmt: skip

    tell(np.ones(count, np.bool_), "sent", 0.0)
    bounced = rng.random(count) < rules.BOUNCE
    read = ~bounced & (rng.random(count) < p.opens[who] * 1.6 * sigmoid(today.interest[who] + 0.5))
    machine = p.apple_mail[who] & ~bounced & (rng.random(count) < 0.93)
    tell(bounced, "bounced", 0.05)
    tell(machine, "machine_opened", 0.5)
    # Behind Apple's relay a person's own opening can't be told from the machine's.
    tell(read & ~p.apple_mail[who], "opened", 9.0)
    clicked = read & (rng.random(count) < rules.CLICK_OF_OPENED)
    tell(clicked, "clicked", 10.0)
    tell(~bounced & (rng.random(count) < rules.COMPLAIN), "complained", 12.0)
    came = np.flatnonzero(clicked)
    world.rows.add(
        "visits", at[came] + 12 * HOUR_US, person=who[came],
        visit_id=world.rows.ids("visit_id", len(came)), page="event",
        concert_id=np.full(len(came), max(world.calendar.on[: today.day + 1].max(), 0)),
        source="mail", campaign=template, device=_device(world, who[came]),
    )  # fmt: skip
    return message
