"""`paywall token verify` as a script calls it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entitlements.jose import MAX_TOKEN_BYTES
from paywall.cli.token import app, bounded_lines
from tests.entitlements.builders import NOW
from tests.entitlements.test_tokens import NOW_S, claims, jwk, token


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk()]}))
    return file


def run(jwks: Path, lines: bytes, *more: str) -> Any:
    arguments = ["verify", "--jwks", str(jwks), "--audience", "app", "--json", *more]
    return CliRunner().invoke(app, arguments, input=lines)


def test_each_line_gets_one_json_verdict_and_the_exit_code_is_0(jwks: Path) -> None:
    lines = token().encode() + b"\n\n" + b"\x00\xff\n" + b"x" * 10_000_000 + b"\n"
    result = run(jwks, lines + token(alg="none").encode(), "--at", NOW.isoformat())
    assert result.exit_code == 0
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert verdicts[0] == {"valid": True, "claims": claims()}
    assert [verdict.get("reason") for verdict in verdicts[1:]] == [
        "empty",
        "malformed",
        "too_long",
        "alg",
    ]


@pytest.mark.parametrize(
    "at",
    [str(NOW_S), "2026-11-20T18:00:00Z", "2026-11-20T18:00:00+00:00", "2026-11-20T19:00:00+01:00"],
)
def test_a_time_is_unix_seconds_or_rfc_3339(jwks: Path, at: str) -> None:
    assert json.loads(run(jwks, token().encode(), "--at", at).stdout)["valid"] is True


def test_a_later_time_finds_the_token_expired(jwks: Path) -> None:
    later = (NOW + timedelta(hours=1)).isoformat()
    assert json.loads(run(jwks, token().encode(), "--at", later).stdout)["reason"] == "expired"


@pytest.mark.parametrize("at", ["yesterday", "9" * 40, "-1", "2026-13-01"])
def test_an_unusable_time_is_said_with_exit_code_2(jwks: Path, at: str) -> None:
    result = run(jwks, b"", f"--at={at}")
    assert result.exit_code == 2
    assert "--at" in result.stderr


@pytest.mark.parametrize("text", [None, "", "{}", "no json"])
def test_an_unusable_jwks_is_said_with_exit_code_2(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "broken.json"
    if text is not None:
        file.write_text(text)
    result = run(file, token().encode())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "paywall token verify" in result.stderr


def test_for_people_it_says_the_same_in_words(jwks: Path) -> None:
    arguments = ["verify", "--jwks", str(jwks), "--audience", "app", "--at", str(NOW_S)]
    result = CliRunner().invoke(app, arguments, input=f"{token()}\nx\n")
    first, second = result.stdout.splitlines()
    assert first.startswith("valid {")
    assert second.startswith("not valid: malformed: ")


def test_long_lines_are_read_in_bounded_memory_and_the_next_line_is_whole() -> None:
    longest = b"a" * MAX_TOKEN_BYTES
    stream = io.BytesIO(longest + b"\r\n" + b"b" * 500_000 + b"\n" + b"c\n" + b"d" * 5000)
    read = list(bounded_lines(stream))
    assert read[0] == longest + b"\r\n"
    assert len(read[1]) == len(read[3]) == MAX_TOKEN_BYTES + 3
    assert read[2] == b"c\n"
