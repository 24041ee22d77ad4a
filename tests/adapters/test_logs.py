"""Logs say what happened and never a secret, whoever wrote the line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from infra.adapters.logs import GONE, configure_logging, redact, redact_text


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """A process's JSON log; the set-up of before comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logging(as_json=True, stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-ghi123", "abc.def"),
        ("sent {'authorization': 'Basic dXNlcjpwdw=='}", "dXNlcjpwdw"),
        ("Cookie: sid=topsecret; theme=dark", "topsecret"),
        ("Set-Cookie: sid=topsecret; HttpOnly", "topsecret"),
        ("GET /login?token=Zm9vYmFy&next=/x", "Zm9vYmFy"),
        ("GET /x?access_token=Zm9vYmFy", "Zm9vYmFy"),
        ("body: password=hunter2&x=1", "hunter2"),
        ("/media/eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln/live.m3u8", "eyJhbGci"),
        ("key pws_9f8e7d6c5b used", "9f8e7d6c5b"),
        ("key pwk_9f8e7d6c5b used", "9f8e7d6c5b"),
        ("key pw_test_01k9_s3cr3tpart used", "s3cr3tpart"),
        ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8"),
        ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqL"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqL"),
        ("pi_3MtwBw_secret_YrKJUKribcBjcG8HVhfZluoGH", "YrKJUKrib"),
        ("card 4242424242424242 said no", "4242424242424242"),
        ("card 4242 4242 4242 4242 said no", "4242 4242 4242"),
        ("amex 3782-822463-10005", "822463"),
        ("postgresql+asyncpg://app:hunter2@db/paywall", "hunter2"),
        ("smtp://mail%40x:p%40ss@mail.example:587", "p%40ss"),
    ],
)
def test_a_secret_in_a_text_is_taken_out(text: str, secret: str) -> None:
    assert secret not in redact_text(text)
    assert GONE in redact_text(text)


@pytest.mark.parametrize(
    "text",
    ["order ord_01k9abcdefghjkmnpqrstvwxyz paid 1299 EUR", "at 2026-11-20T18:00:00Z in 12.5 ms",
     "+33 1 23 45 67 89", "GET /v1/orders?limit=50&starting_after=ord_01k9",
     "https://app.example/hooks answered 500", "visa ···· 4242", "tokens issued: 3"],
)  # fmt: skip
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert redact_text(text) == text


def test_a_field_is_judged_by_its_name_at_any_depth() -> None:
    event = {
        "event": "x", "headers": {"Authorization": "abc", "Cookie": "sid=1", "Accept": "a/b"},
        "token": "abc", "client_secret": "abc", "password": "abc", "card_number": 4242424242424242,
        "list": [{"api_key": "abc"}, "sk_test_abcdef123"], "tokens": 3, "ok": None,
    }  # fmt: skip
    clean = redact(None, "info", event)
    assert "abc" not in json.dumps(clean)
    assert "sid=1" not in json.dumps(clean)
    assert clean["headers"]["Accept"] == "a/b"
    assert (clean["tokens"], clean["ok"]) == (3, None)


def test_lines_are_json_with_level_time_and_the_requests_id(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="req_1")
    structlog.get_logger("paywall.test").info("order paid", order_id="ord_1", token="abc")
    line = json.loads(lines.getvalue())
    assert line["event"] == "order paid"
    assert (line["level"], line["request_id"], line["order_id"]) == ("info", "req_1", "ord_1")
    assert line["logger"] == "paywall.test"
    assert line["timestamp"].endswith("Z")
    assert line["token"] == GONE


def test_a_librarys_line_and_a_traceback_pass_the_same_door(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("retry %s", "https://x/?token=topsecret")
    try:
        raise ValueError("bad key sk_live_topsecret")
    except ValueError:
        structlog.get_logger("paywall.test").exception("it broke")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert "topsecret" not in lines.getvalue()
    assert first["event"].startswith("retry")
    assert "ValueError" in second["exception"]


def test_the_console_form_is_readable_and_clean() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logging(as_json=False, stream=out)
    structlog.get_logger("paywall.test").info("hello", url="smtp://u:topsecret@h")
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    assert "hello" in out.getvalue()
    assert "topsecret" not in out.getvalue()
