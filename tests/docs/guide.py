"""Reads a guide's shell examples: assignments, and curl lines with the status that they promise."""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMISE = re.compile(r"\s+# (\d{3})(?: (\w+))?$")
_ASSIGNED = re.compile(r"^([A-Z_]+)=(.*)$")
_WITH_A_BODY = {"--json", "-d"}


def blocks(name: str, language: str) -> Iterator[str]:
    """The fenced blocks of one language, in order."""
    for found in _BLOCK.finditer((DOCS / name).read_text()):
        if found[1] == language:
            yield found[2]


def table_of(name: str, mark: str) -> list[list[str]]:
    """The rows of the table between <!-- mark --> and <!-- /mark -->, without its head."""
    text = (DOCS / name).read_text()
    part = text.split(f"<!-- {mark} -->")[1].split(f"<!-- /{mark} -->")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[cell.strip() for cell in row] for row in cells[2:]]


class Promise(msgspec.Struct, frozen=True):
    """What the comment after a curl line says: its status, and a problem's code."""

    status: int
    code: str


class Reader:
    """Follows a guide line by line as its reader does, with one HTTP client for curl."""

    def __init__(self, http: httpx.AsyncClient, **given: Callable[[], Awaitable[str]]) -> None:
        self.http = http
        self._given = given
        self.known: dict[str, str] = {}
        self.asked = 0

    async def follow(self, line: str) -> None:
        """One line of a shell block; AssertionError when the answer is not the promised one."""
        if not line.strip():
            return
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            name, value = assigned.groups()
            given = self._given.get(name)
            self.known[name] = await given() if given is not None else await self._value(value)
            return
        promise = _PROMISE.search(line)
        assert promise is not None, f"this line promises no status: {line}"
        answer = await self._curl(line[: promise.start()])
        assert answer.status_code == int(promise[1]), f"{line}\n{answer.text}"
        if promise[2]:
            assert answer.json()["code"] == promise[2], f"{line}\n{answer.text}"

    async def _value(self, text: str) -> str:
        if not text.startswith("$("):
            return text
        command, _, wish = text[2:-1].partition(" | jq -r ")
        if command.startswith("echo "):
            body = msgspec.json.decode(self._filled(command[5:]).strip('"'))
        else:
            answer = await self._curl(command)
            assert answer.is_success, f"{text}\n{answer.text}"
            if not wish:
                return answer.text
            body = answer.json()
        value = _picked(body, wish)
        assert value is not None, f"{text} found nothing in {body}"
        return str(value)

    async def _curl(self, command: str) -> httpx.Response:
        self.asked += 1
        words = shlex.split(self._filled(command))
        assert words[:2] == ["curl", "-s"], command
        method, address, body, headers = "", "", None, {}
        rest = iter(words[2:])
        for word in rest:
            if word in _WITH_A_BODY:
                body = next(rest)
                headers["Content-Type"] = "application/json"
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-X":
                method = next(rest)
            else:
                address = word
        return await self.http.request(
            method or ("GET" if body is None else "POST"), address, content=body, headers=headers
        )

    def _filled(self, text: str) -> str:
        # '...'"$X"'...' as well as "$X": quotes of the shell around a value are dropped by shlex.
        return re.sub(r"\$([A-Z_]+)", lambda name: self.known[name[1]], text)


def _picked(body: Any, wish: str) -> Any:
    """The part of a JSON value that a plain jq path names: .data[0].id"""
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", wish):
        body = body[name] if name else body[int(index)]
    return body
