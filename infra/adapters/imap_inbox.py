"""Reads a mailbox by IMAP4rev1 (RFC 3501): imaplib in a thread, one connection a call, bounded.

imaps:// is TLS from the first byte (port 993); imap:// (143) turns to TLS by STARTTLS, which is
demanded unless the server is this machine. Mails stay in the mailbox, marked as seen once stored.
"""

from __future__ import annotations

import asyncio
import imaplib
import ipaddress
import ssl
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from infra.kernel.db import refuse_inside_transaction
from infra.kernel.errors import Unavailable
from support_bot.mail_reading import MAIL_BYTES_MAX
from support_bot.ports import Fetched

TIMEOUT_S = 20.0
"""For one answer of the server."""

T = TypeVar("T")


class ImapServer(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str

    @property
    def is_this_machine(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_imap_url(url: str) -> ImapServer:
    """imaps://user:password@host/INBOX or imap://...; ValueError says what is wrong, no secrets."""
    parts = urlsplit(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        raise ValueError("The mailbox is given as imaps://user:password@host:993/INBOX.")
    tls = parts.scheme == "imaps"
    return ImapServer(
        host=parts.hostname, port=parts.port or (993 if tls else 143), tls=tls,
        user=unquote(parts.username), password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )  # fmt: skip


class ImapInbox:
    """Implements support_bot's Postbox. `tls` replaces the trusted authorities in tests."""

    def __init__(
        self, url: str, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = parse_imap_url(url)
        self._timeout_s = timeout_s
        self._tls = tls

    async def fetch(self, limit: int) -> Sequence[Fetched]:
        """The oldest mails nobody marked as seen; raises Unavailable."""
        return await self._with(lambda imap: _fetch(imap, limit))

    async def stored(self, uids: Sequence[str]) -> None:
        """Mark them as seen; raises Unavailable."""
        assert all(one.isdigit() for one in uids)
        await self._with(
            lambda imap: _check(imap.uid("STORE", ",".join(uids), "+FLAGS", r"(\Seen)"))
        )

    async def _with(self, use: Callable[[imaplib.IMAP4], T]) -> T:
        refuse_inside_transaction("ImapInbox")
        return await asyncio.to_thread(self._connected, use)

    def _connected(self, use: Callable[[imaplib.IMAP4], T]) -> T:
        try:
            imap = self._connect()
            try:
                return use(imap)
            finally:
                _say_goodbye(imap)
        except (OSError, imaplib.IMAP4.error) as error:
            # A server may echo what it was told, so only the kind is kept.
            raise Unavailable(
                f"The support mailbox can't be read: {type(error).__name__}.", retry_after_s=60
            ) from error

    def _connect(self) -> imaplib.IMAP4:
        server = self._server
        tls = self._tls or ssl.create_default_context()
        if server.tls:
            imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                server.host, server.port, ssl_context=tls, timeout=self._timeout_s
            )
        else:
            imap = imaplib.IMAP4(server.host, server.port, timeout=self._timeout_s)
        try:
            if not server.tls and ("STARTTLS" in imap.capabilities or not server.is_this_machine):
                # Without the capability this raises: nothing goes in clear.
                imap.starttls(tls)
            imap.login(server.user, server.password)
            _check(imap.select(_quoted(server.folder)))
        except BaseException:
            imap.shutdown()
            raise
        return imap


def _fetch(imap: imaplib.IMAP4, limit: int) -> list[Fetched]:
    found = _check(imap.uid("SEARCH", "UNSEEN"))
    uids = sorted({int(one) for line in found if isinstance(line, bytes) for one in line.split()})
    mails = []
    for uid in uids[:limit]:
        # PEEK leaves it unseen until it is stored; the range bounds what a stranger can send.
        answer = _check(imap.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)"))
        raw = next((part[1] for part in answer if isinstance(part, tuple)), None)
        if raw is not None:  # None: somebody deleted it meanwhile
            mails.append(Fetched(str(uid), raw))
    return mails


def _check(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(kind)
    return data


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _say_goodbye(imap: imaplib.IMAP4) -> None:
    try:
        imap.logout()
    except (OSError, imaplib.IMAP4.error):
        imap.shutdown()
