"""A pattern never reaches a caller: each has a sentence that says what to send."""

from __future__ import annotations

import ast
from pathlib import Path

from paywall.http.forms_of_text import OTHERWISE, SENTENCES, sentence
from tests.http.conftest import KEY, Serve

ROOT = Path(__file__).parents[2]


def patterns() -> set[str]:
    """Every `pattern=` of the product's request types."""
    found = set()
    for folder in ("paywall", "offers", "infra/kernel"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "pattern":
                    assert isinstance(node.value, ast.Constant), file
                    found.add(str(node.value.value))
    return found


def test_every_pattern_of_a_request_has_its_sentence() -> None:
    assert patterns() == set(SENTENCES)


def test_what_is_no_pattern_is_left_as_it_was_said() -> None:
    assert sentence("Expected `int`, got `str`") == "Expected `int`, got `str`"
    assert sentence("Expected `str` matching regex '^x$'") == OTHERWISE


async def test_a_malformed_id_gets_a_sentence_in_path_and_body(serve: Serve, house: str) -> None:
    async with serve(key=KEY) as client:
        answers = [
            await client.get(f"/v1/venues/{house}/webhooks/not-an-id"),
            await client.get("/v1/venues/not-an-id/webhooks"),
            await client.get("/v1/catalogue/events/not-an-id"),
            await client.post("/v1/playback/sessions/short!/beat", json={}),
            await client.post("/v1/quotes", json={"offer_id": "offer 1"}),
        ]
    for answer in answers:
        assert answer.status_code in (403, 404, 422), answer.text
        assert "regex" not in answer.text
        assert "^" not in answer.text
    assert "Send it as we gave it" in answers[-1].json()["detail"]


async def test_a_field_has_the_name_that_was_sent_and_a_missing_body_is_named(
    serve: Serve, house: str
) -> None:
    async with serve(key=KEY) as client:
        odd = (await client.get(f"/v1/venues/{house}/orders?state=odd")).json()
        none = (await client.post("/v1/quotes")).json()
    assert odd["field"] == "state"
    assert odd["detail"].startswith("state: ")
    assert none["detail"] == "Send a JSON body."
