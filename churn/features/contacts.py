"""How venue and person met: support, mails, consent, visits to the pages."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from churn.features.moments import past, second, within
from churn.lake import Facts

NEWS = "venue_news"
"""The purpose of a consent that lets the venue write."""
PROMOTION = ("marketing", "action")
"""Kinds of message that are no service."""


def support(facts: Facts) -> Table:
    """FEATURES's `support`, a row a person with a case."""
    case = past(facts, "support").filter(lambda t: t.person != "")
    answered = case.satisfaction.notnull()
    return case.group_by("person").agg(
        cases_90=case.case_id.nunique(where=within(case.event_at, facts.as_of, 90)),
        open_case=(case.state == "open").any(),
        satisfaction=case.satisfaction.argmax(second(case.event_at), where=answered),
    )


def messages(facts: Facts) -> Table:
    """FEATURES's `mails`: of those sent lately, what share did a person open or click.

    What a mail program fetched by itself (`machine_opened`) is no opening.
    """
    row = past(facts, "messages").filter(
        lambda t: (t.person != "") & t.kind.isin(PROMOTION) & within(t.event_at, facts.as_of, 90)
    )
    mail = row.group_by("person", "message_id").agg(
        sent_at=row.event_at.min(where=row.change == "sent"),
        opened=(row.change == "opened").any(),
        clicked=(row.change == "clicked").any(),
    )
    mail = mail.filter(mail.sent_at.notnull())
    return mail.group_by("person").agg(
        mails_30=mail.count(where=within(mail.sent_at, facts.as_of, 30)),
        # Who clicked has opened, though pictures may have been off.
        open_share_90=(mail.opened | mail.clicked).cast("float64").mean(),
        click_share_90=mail.clicked.cast("float64").mean(),
    )


def consents(facts: Facts) -> Table:
    """`may_write`: the last word was yes, and nobody unsubscribed or complained since.

    Of a yes and a no at the same moment the no counts.
    """
    said = past(facts, "consents").filter(lambda t: (t.person != "") & (t.purpose == NEWS))
    words = said.select("person", "event_at", yes=said.granted)
    left = past(facts, "messages").filter(
        lambda t: (t.person != "") & t.change.isin(["unsubscribed", "complained"])
    )
    words = words.union(left.select("person", "event_at", yes=ibis.literal(value=False)))
    return (
        words.group_by("person")
        .agg(
            yes_at=words.event_at.max(where=words.yes),
            no_at=words.event_at.max(where=~words.yes),
        )
        .select(
            "person",
            may_write=lambda t: t.yes_at.notnull() & (t.no_at.isnull() | (t.yes_at > t.no_at)),
        )
    )


def visits(facts: Facts) -> Table:
    """How often the person came to the venue's pages lately, and to the page for leaving."""
    visit = past(facts, "visits").filter(
        lambda t: (t.person != "") & within(t.event_at, facts.as_of, 30)
    )
    return visit.group_by("person").agg(
        visits_30=visit.count(), cancel_visits_30=visit.count(where=visit.page == "cancel")
    )
