"""docs/webhooks.md: its verification code works, its schedule and kinds are the code's."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.kernel.clock import SystemClock
from paywall.notices.kinds import WEBHOOK_KINDS
from paywall.notices.outbox import WEBHOOK_BACKOFF_S
from paywall.notices.signing import new_signing_secret, signed_headers

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def verified() -> Any:
    """The function that the page tells developers to use."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code.group(1), names)
    return names["verified"]


def test_the_sample_accepts_what_we_sign_also_during_a_rotation(verified: Any) -> None:
    old, new = new_signing_secret(), new_signing_secret()
    headers = signed_headers([new, old], "out_1", b'{"a":1}', SystemClock().machine())
    assert verified(old, headers, b'{"a":1}')
    assert verified(new, headers, b'{"a":1}')


def test_the_sample_refuses_another_body_secret_and_time(verified: Any) -> None:
    secret = new_signing_secret()
    headers = signed_headers([secret], "out_1", b"{}", SystemClock().machine())
    assert not verified(secret, headers, b"{ }")
    assert not verified(new_signing_secret(), headers, b"{}")
    assert not verified(secret, headers | {"webhook-id": "out_2"}, b"{}")
    old = signed_headers([secret], "out_1", b"{}", datetime(2020, 1, 1, tzinfo=UTC))
    assert not verified(secret, old, b"{}")


def test_the_page_lists_every_kind_with_its_sentence() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert rows == dict(WEBHOOK_KINDS)


def test_the_page_shows_the_schedule() -> None:
    pauses = re.findall(r"^\| \d+ \| (\d+) (s|min|h) \|", PAGE, re.MULTILINE)
    units = {"s": 1, "min": 60, "h": 3600}
    assert tuple(int(n) * units[unit] for n, unit in pauses) == WEBHOOK_BACKOFF_S
