"""What web processes and the bot process say: frames of msgpack after four bytes of length."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

from infra.kernel.seal import Sealer
from support_bot.ports import BotReply, Question

FRAME_MAX = 4 * 2**20
QUESTIONS_MAX = 64
PATH_MAX = 100
"""Bytes of a Unix socket's name that every system takes (108 on Linux, 104 on macOS)."""

M = TypeVar("M")


class Ask(msgspec.Struct, frozen=True):
    """`key` proves that the caller shares this installation's master secret. No questions: wake."""

    key: str
    venue_id: str
    questions: tuple[Question, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """One reply a question, or why there are none: refused, untrained, busy, broken."""

    replies: tuple[BotReply, ...] = ()
    away: str = ""


class BadFrame(Exception):
    """What came is no frame of this protocol."""


def frame(message: msgspec.Struct) -> bytes:
    body = msgspec.msgpack.encode(message)
    assert len(body) <= FRAME_MAX
    return len(body).to_bytes(4, "big") + body


async def receive(reader: asyncio.StreamReader, kind: type[M]) -> M:
    """The next message; raises BadFrame, or IncompleteReadError at the end."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > FRAME_MAX:
        raise BadFrame(size)
    try:
        return msgspec.msgpack.decode(await reader.readexactly(size), type=kind)
    except msgspec.DecodeError as error:
        raise BadFrame(str(error)) from error


def socket_path(data_dir: Path) -> Path:
    """Where the embedded bot listens; in the system's folder where the data's name is too long."""
    path = data_dir.absolute() / "bot.sock"
    if len(str(path).encode()) <= PATH_MAX:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"paywall-bot-{name}.sock"


def bot_key(sealer: Sealer) -> str:
    """What web processes show the bot process, so that it answers nobody else."""
    return sealer.key("bot process v1").hex()
