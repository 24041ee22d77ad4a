"""Cases over HTTP: a program opens, reads, answers, gives away; and only at its own venue."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from paywall.accounts.roles import Role
from paywall.notices.tables import OutboxRow
from tests.pages.console.conftest import Console
from tests.pages.console.conftest import console as console

NEW = {"email": "ada@example.org", "text_md": "The picture is black.", "subject": "No picture"}


@pytest.fixture
async def agent(console: Console) -> httpx.AsyncClient:
    client = await console.sign_in(Role.SUPPORT)
    client.headers["Accept"] = "application/json"
    return client


def at(console: Console, rest: str = "") -> str:
    return f"/v1/venues/{console.venue_id}/cases{rest}"


async def opened(console: Console, agent: httpx.AsyncClient, **more: Any) -> Any:
    answer = await agent.post(at(console), json=NEW | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def templates(console: Console) -> list[str]:
    async with console.db.read() as tx:
        return [row.template for row in await tx.scalars(select(OutboxRow).order_by(OutboxRow.id))]


async def test_a_case_is_opened_once_for_one_key_and_its_customer_is_told(
    console: Console, agent: httpx.AsyncClient
) -> None:
    answers = [
        await agent.post(at(console), json=NEW, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    listed = (await agent.get(at(console))).json()
    assert [case["subject"] for case in listed["data"]] == ["No picture"]


async def test_an_answer_and_a_note_stand_in_the_case_and_only_the_answer_leaves(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, agent)
    path = at(console, f"/{case['id']}")
    note = {"text_md": "An old phone.", "internal": True}
    assert (await agent.post(path + "/messages", json=note)).status_code == 201
    said = await agent.post(path + "/messages", json={"text_md": "Try Firefox."})
    assert said.status_code == 201, said.text
    assert said.json()["state"] == "waiting"
    whole = (await agent.get(path)).json()
    assert [(one["internal"], one["text_md"]) for one in whole["messages"]] == [
        (False, "The picture is black."), (True, "An old phone."), (False, "Try Firefox."),
    ]  # fmt: skip
    assert (await templates(console)).count("case_reply") == 1


async def test_an_edit_names_the_version_that_it_saw(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, agent)
    path = at(console, f"/{case['id']}")
    assert (await agent.patch(path, json={"priority": "high"})).status_code == 428
    seen = (await agent.get(path)).headers["etag"]
    edited = await agent.patch(path, json={"tags": ["tv"]}, headers={"If-Match": seen})
    assert edited.status_code == 200, edited.text
    assert edited.json()["tags"] == ["tv"]
    stale = await agent.patch(path, json={"tags": ["web"]}, headers={"If-Match": seen})
    assert stale.status_code == 412
    stranger = {"assignee_id": "acc_00000000000000000000000000"}
    now = edited.headers["etag"]
    assert (await agent.patch(path, json=stranger, headers={"If-Match": now})).status_code == 422


async def test_solved_and_reopened(console: Console, agent: httpx.AsyncClient) -> None:
    path = at(console, f"/{(await opened(console, agent))['id']}")
    assert (await agent.post(path + "/solve")).json()["state"] == "solved"
    assert [one["id"] for one in (await agent.get(at(console, "?show=todo"))).json()["data"]] == []
    assert (await agent.post(path + "/reopen")).json()["state"] == "open"


async def test_a_case_of_another_venue_is_not_there(
    console: Console, agent: httpx.AsyncClient
) -> None:
    case = await opened(console, agent)
    neighbour = await console.sign_in(Role.OWNER, place=console.neighbour_id)
    neighbour.headers["Accept"] = "application/json"
    theirs = f"/v1/venues/{console.neighbour_id}/cases/{case['id']}"
    for path in (theirs, at(console, f"/{case['id']}")):
        assert (await neighbour.get(path)).status_code == 404
        said = await neighbour.post(path + "/messages", json={"text_md": "What is it?"})
        assert said.status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"email": "nobody"}, {"text_md": ""}, {"text_md": "x" * 20_001}, {"language": "fra"}]
)
async def test_what_is_no_case_is_refused(
    console: Console, agent: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    assert (await agent.post(at(console), json=NEW | wrong)).status_code in (400, 422)
