"""`paywall token`: look at tokens as a reader of ours would."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from entitlements.jose import MAX_TOKEN_BYTES
from entitlements.jwks import MAX_JWKS_BYTES, UnusableJwks, token_verify
from infra.kernel.clock import SystemClock

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _token() -> None:  # a callback keeps `verify` a command of its own while it is the only one
    """Look at tokens as a reader of ours would."""


@app.command()
def verify(
    jwks: Annotated[Path, typer.Option(help="File with the JWKS (RFC 7517) to trust.")],
    audience: Annotated[str, typer.Option(help="The reader that the tokens must be meant for.")],
    at: Annotated[
        str, typer.Option(help="Judge at this time: RFC 3339 or Unix seconds. Default: now.")
    ] = "",
    issuer: Annotated[str, typer.Option(help="The only issuer to accept. Default: any.")] = "",
    as_json: Annotated[  # noqa: FBT002 - an option, not a position
        bool, typer.Option("--json", help="One JSON object per token, for scripts.")
    ] = False,
) -> None:
    """Read entitlement assertions (ent+jwt) from standard input, one a line; say valid or why not.

    The exit code is 0 whatever the tokens are worth, and 2 when the JWKS, the audience or the
    time can't be used.
    """
    try:
        moment = _moment(at)
        if not audience:
            raise UnusableJwks("--audience is empty; name the reader that the tokens are for.")
        verdicts = token_verify(
            bounded_lines(sys.stdin.buffer),
            _read(jwks),
            audience,
            moment,
            SystemClock().machine(),
            issuer=issuer or None,
        )
    except (UnusableJwks, OSError) as error:
        print(f"paywall token verify: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    for verdict in verdicts:
        if as_json:
            print(json.dumps(verdict), flush=True)
        elif verdict["valid"]:
            print("valid", json.dumps(verdict["claims"]), flush=True)
        else:
            print(f"not valid: {verdict['reason']}: {verdict['detail']}", flush=True)


def _moment(at: str) -> datetime | None:
    """An aware time from RFC 3339 or whole Unix seconds; None when empty."""
    if not at:
        return None
    try:
        if at.isascii() and at.isdigit():
            return datetime.fromtimestamp(int(at), UTC)
        moment = datetime.fromisoformat(at)
    except (ValueError, OverflowError, OSError):
        raise UnusableJwks(f"--at {at[:60]!r} is neither RFC 3339 nor Unix seconds.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_JWKS_BYTES + 1)


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream in bounded memory: of a longer one only as much as shows it is too long."""
    limit = MAX_TOKEN_BYTES + 3  # a longest token, \r\n, and one byte more
    while line := stream.readline(limit):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(1 << 16)
        yield line
