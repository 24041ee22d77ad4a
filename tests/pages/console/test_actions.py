"""The console's actions: ready ones, nested conditions, a live count, a dry run, tasks."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from churn.effects import Arm, Verdict, judge
from churn.simulate import shown
from churn.simulate.rules import ACTIONS
from churn.tables import PersonToday
from churn.triggers.tables import ActionEffect, Task, Trigger, TriggerState
from infra.kernel.ids import new_id
from paywall.accounts.roles import Role
from paywall.accounts.tables import Account, Customer
from paywall.bridges.churn_acts.measure import row_of
from paywall.pages.console import condition_fields
from paywall.pages.console.action_words import FEATURE_WORDS, OCCASIONS, READY, SIMULATED, WHYS
from tests.pages.console.conftest import Console

FIELD = re.compile(
    r'<(?:input|textarea|select)[^>]*? name="([^"]+)"[^>]*?(?: value="([^"]*)")?[^>]*>', re.DOTALL
)


def fields_of(page: str) -> dict[str, str]:
    """A form's fields as a browser would send them: texts, selects, ticked boxes."""
    import html

    found: dict[str, str] = {}
    body = page[page.index("action-form") :]
    body = body[: body.index("</form>")]
    for tag in re.finditer(r"<input([^>]*)>", body):
        attributes = dict(re.findall(r'([\w.-]+)="([^"]*)"', tag[1]))
        ticked = attributes.get("type") != "checkbox" or " checked" in tag[1]
        if "name" in attributes and ticked:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    for tag in re.finditer(r"<textarea([^>]*)>(.*?)</textarea>", body, re.DOTALL):
        found[dict(re.findall(r'([\w.-]+)="([^"]*)"', tag[1]))["name"]] = html.unescape(tag[2])
    for tag in re.finditer(r"<select([^>]*)>(.*?)</select>", body, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', tag[2])
        first = re.search(r'value="([^"]*)"', tag[2])
        name = dict(re.findall(r'([\w.-]+)="([^"]*)"', tag[1]))["name"]
        found[name] = chosen[1] if chosen else (first[1] if first else "")
    return found


async def people(console: Console, count: int, **known: Any) -> None:
    now = console.clock.machine()
    values = {"days_since_watched": 40.0, "risk": 0.5, "value_month_minor": 1500.0,
              "may_write": 1.0, "country": "FR"} | known  # fmt: skip
    async with console.db.transaction() as tx:
        for number in range(count):
            account, customer = new_id("acc"), new_id("cus")
            tx.add_all(
                [
                    Account(
                        id=account, email=f"fan{number}@example.org", email_proven_at=now,
                        created_at=now,
                    ),
                    Customer(
                        id=customer, venue_id=console.venue_id, account_id=account, created_at=now
                    ),
                    PersonToday(
                        venue_id=console.venue_id, person=f"p{number:03}", customer_id=customer,
                        as_of=now, currency="EUR", reasons=[], model_id="", **values,
                    ),
                ]
            )  # fmt: skip


async def draft(console: Console, browser: httpx.AsyncClient, ready: str = "silent") -> str:
    """A ready action stored as it is offered; its path."""
    page = await browser.get(f"{console.at}/actions/new?ready={ready}")
    answer = await browser.post(
        f"{console.at}/actions/new?ready={ready}", data=fields_of(page.text)
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.parametrize("ready", sorted(READY))
async def test_every_ready_action_is_stored_as_it_is_offered(console: Console, ready: str) -> None:
    if ready == "risk_rising":
        pytest.skip("gives free days of a season; see the story")
    browser = await console.sign_in(Role.MARKETING)
    path = await draft(console, browser, ready)
    page = await browser.get(path)
    assert page.status_code == 200
    assert "Too early to say." in page.text


async def test_the_count_says_whom_the_form_concerns_today(console: Console) -> None:
    await people(console, 20)
    browser = await console.sign_in(Role.MARKETING)
    page = await browser.get(f"{console.at}/actions/new?ready=silent")
    typed = fields_of(page.text)
    counted = await browser.post(f"{console.at}/actions/count", data=typed)
    assert "20 people today" in counted.text
    assert "20 may be written to" in counted.text
    assert "about 17 would get it and 3 would be held out" in counted.text
    none = await browser.post(f"{console.at}/actions/count", data=typed | {"level": "90"})
    assert "0 people today" in none.text
    wrong = await browser.post(f"{console.at}/actions/count", data=typed | {"cost": "much"})
    assert "Give an amount" in wrong.text


async def test_conditions_are_nested_without_any_script(console: Console) -> None:
    browser = await console.sign_in(Role.MARKETING)
    page = await browser.get(f"{console.at}/actions/new?ready=silent")
    address = f"{console.at}/actions/new?ready=silent"
    typed = fields_of(page.text)
    page = await browser.post(address, data=typed | {"do": "group:0", "name": "Mine"})
    typed = fields_of(page.text)
    assert typed["name"] == "Mine", "nothing typed is lost"
    assert typed["c1.is"] == "any"
    page = await browser.post(address, data=typed | {"do": "test:1"})
    typed = fields_of(page.text)
    typed |= {
        "c2.f": "country", "c2.op": "one_of", "c2.v": "FR, BE",
        "c3.f": "paid_365_minor", "c3.op": "ge", "c3.v": "120,50",
    }  # fmt: skip
    answer = await browser.post(address, data=typed)
    assert answer.status_code == 303, answer.text
    async with console.db.read() as tx:
        (row,) = (await tx.scalars(select(Trigger))).all()
    assert row.who["of"][0] == {
        "type": "any",
        "of": [
            {"type": "one_of", "feature": "country", "values": ["FR", "BE"]},
            {"type": "compare", "feature": "paid_365_minor", "op": "ge", "value": 12050.0},
        ],
    }
    shown = await browser.get(answer.headers["location"])
    assert "Country is one of" in shown.text
    assert "<strong>120.5</strong>" in shown.text
    edit = await browser.get(f"{answer.headers['location']}/edit")
    again = fields_of(edit.text)
    assert again["c3.v"] == "120.5"
    dropped = await browser.post(f"{console.at}/actions/conditions", data=again | {"do": "drop:2"})
    assert 'value="FR, BE"' not in dropped.text
    assert 'value="120.5"' in dropped.text


async def test_a_mistake_keeps_what_was_typed_and_names_the_field(console: Console) -> None:
    browser = await console.sign_in(Role.MARKETING)
    page = await browser.get(f"{console.at}/actions/new?kind=coupon")
    typed = fields_of(page.text) | {
        "name": "Code", "subject_en": "A code", "body_en": "Take {kode}.", "percent": "20",
    }  # fmt: skip
    answer = await browser.post(f"{console.at}/actions/new?kind=coupon", data=typed)
    assert answer.status_code == 422
    assert "kode" in answer.text
    assert fields_of(answer.text)["body_en"] == "Take {kode}."


async def test_it_is_started_paused_and_ended(console: Console) -> None:
    browser = await console.sign_in(Role.MARKETING)
    path = await draft(console, browser)
    for step, state in (
        ("start", TriggerState.RUNNING), ("pause", TriggerState.PAUSED),
        ("start", TriggerState.RUNNING), ("end", TriggerState.ENDED),
    ):  # fmt: skip
        answer = await browser.post(f"{path}/{step}")
        assert answer.status_code == 303
        async with console.db.read() as tx:
            assert (await tx.scalars(select(Trigger.state))).one() is state
    refused = await browser.post(f"{path}/edit", data={"name": "x"})
    assert refused.status_code in (409, 422)


async def test_the_dry_run_says_who_and_why_not(console: Console) -> None:
    await people(console, 3)
    browser = await console.sign_in(Role.MARKETING)
    path = await draft(console, browser)
    page = await browser.get(f"{path}/people")
    # Nobody has a recorded yes: the refresh said so, and the rows of consents decide.
    assert page.text.count("Has not agreed to news") == 3
    assert "fan0@example.org" not in page.text, "marketing sees no addresses"
    owner = await console.sign_in(Role.OWNER)
    assert "fan0@example.org" in (await owner.get(f"{path}/people")).text
    table = await owner.get(f"{path}/people?format=csv")
    assert table.text.count("no_consent") == 3


async def test_the_effect_is_told_in_one_sentence(console: Console) -> None:
    browser = await console.sign_in(Role.MARKETING)
    path = await draft(console, browser)
    for number, (verdict, said) in enumerate(
        ((Verdict.HELPED, "It helped."), (Verdict.HARMED, "It did harm."))
    ):
        async with console.db.transaction() as tx:
            tx.add(
                ActionEffect(
                    id=new_id("eff"), venue_id=console.venue_id, trigger_id=path.rsplit("/")[-1],
                    as_of=console.clock.machine(), after_days=60, treated=850, held_out=150,
                    kept_treated=0.93, kept_held_out=0.88, effect=0.05 - number * 0.1, low=0.01,
                    high=0.09, money_minor=64_000, money_low_minor=9_000, money_high_minor=120_000,
                    cost_minor=850, currency="EUR", verdict=verdict, months=6, more_people=0,
                )
            )  # fmt: skip
        page = await browser.get(path)
        assert said in page.text
        assert "€640.00" in page.text
        assert said in (await browser.get(f"{console.at}/actions")).text


async def test_simulated_actions_stand_on_the_list_and_leave_it(console: Console) -> None:
    """In place of a former simulation's; the neighbour's stay, and so does what people made."""
    now, browser = console.clock.machine(), await console.sign_in(Role.MARKETING)
    await draft(console, browser, "call")
    for venue_id in (console.venue_id, console.neighbour_id, console.venue_id):
        async with console.db.transaction() as tx:
            await shown.put(tx, venue_id, now, now, now)
    ids = shown.ids(console.venue_id)
    async with console.db.transaction() as tx:
        trigger = await tx.get_one(Trigger, ids["sim_plan_advice"])
        harm = judge(Arm(1100, 850, 900_000, 10**9, 1_100), Arm(260, 232, 240_000, 10**9))
        tx.add(row_of(trigger, harm, now))
    listed = (await browser.get(f"{console.at}/actions")).text
    assert listed.count("Simulated") == len(ids)
    assert "1,100" in listed
    page = (await browser.get(f"{console.at}/actions/{trigger.id}")).text
    assert "of 100 people who got it 12 fewer are still there" in page
    assert "Money lost in 6 months" in page
    assert "End it" not in page, "it has ended"
    async with console.db.transaction() as tx:
        await shown.take_away(tx, console.venue_id)
        left = {one.venue_id for one in await tx.scalars(select(Trigger)) if one.simulated}
        assert left == {console.neighbour_id}
        assert await tx.scalar(select(ActionEffect)) is None
    assert "Simulated" not in (await browser.get(f"{console.at}/actions")).text


def test_names_of_simulated_actions_are_in_the_catalogues() -> None:
    assert {look.name for look in shown.LOOKS.values()} == set(SIMULATED)
    assert set(shown.LOOKS) == {one.action_id for one in ACTIONS}


async def test_a_task_is_settled_and_taken_back(console: Console) -> None:
    browser = await console.sign_in(Role.MANAGER)
    path = await draft(console, browser, "call")
    task_id = new_id("tsk")
    async with console.db.transaction() as tx:
        tx.add(
            Task(
                id=task_id, venue_id=console.venue_id, trigger_id=path.rsplit("/")[-1],
                touch_id=new_id("tch"), customer_id=new_id("cus"), title="Call them",
                created_at=console.clock.machine(),
            )
        )  # fmt: skip
    assert "Call them" in (await browser.get(f"{console.at}/tasks")).text
    settled = await browser.post(
        f"{console.at}/tasks/{task_id}", data={"to": "done", "outcome": "Happy"}
    )
    page = await browser.get(settled.headers["location"])
    assert "Call them" not in page.text
    assert "Undo" in page.text
    assert "Happy" in (await browser.get(f"{console.at}/tasks?state=done")).text
    await browser.post(f"{console.at}/tasks/{task_id}", data={"to": "open"})
    assert "Call them" in (await browser.get(f"{console.at}/tasks")).text


def test_everything_that_is_shown_has_words() -> None:
    from churn.triggers.conditions import KNOWN
    from churn.triggers.occasions import OCCASION
    from churn.triggers.ready import BY_KEY
    from churn.triggers.who import Why

    assert set(FEATURE_WORDS) == set(KNOWN)
    assert set(OCCASIONS) == set(OCCASION)
    assert set(READY) == set(BY_KEY)
    assert {one.name for one in BY_KEY.values()} == set(READY.values())
    assert set(Why) <= set(WHYS)


def test_a_posted_circle_of_groups_is_cut() -> None:
    root = condition_fields.from_fields(
        {"c0.is": "all", "c1.is": "any", "c1.in": "2", "c2.is": "any", "c2.in": "1"}
    )
    assert root.parts == []
