"""Sends mail by SMTP: smtplib in a thread, one connection a mail, bounded in time.

smtps:// is TLS from the first byte (port 465); smtp:// (port 587) turns to TLS by STARTTLS, which
is demanded unless the server is this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import smtplib
import ssl
import time
from urllib.parse import unquote, urlsplit

import msgspec

from infra.kernel.db import refuse_inside_transaction
from paywall.notices.mails import compose
from paywall.notices.ports import Mail, NotSent, OutcomeUnknown, Refused

TIMEOUT_S = 10.0
"""For one answer of the server, until the mail is handed over."""
HANDSHAKE_S = 20.0
"""From the start, waiting for a free connection included. Later than this no mail is handed over,
so that every call ends within the outbox's lease of 60 s."""
ACCEPT_S = 25.0
"""For the last answer, while the server's filters read the mail."""


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = ""

    @property
    def is_this_machine(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_smtp_url(url: str) -> SmtpServer:
    """smtp://user:password@host:587 or smtps://...; ValueError says what is wrong, no secrets."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("The mail server is given as smtp://host:587 or smtps://host:465.")
    tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname, port=parts.port or (465 if tls else 587), tls=tls,
        user=unquote(parts.username or ""), password=unquote(parts.password or ""),
    )  # fmt: skip


class SmtpMailSender:
    """A MailSender with at most `at_once` connections.

    `tls` replaces the trusted authorities in tests.
    """

    def __init__(
        self, url: str, *, at_once: int = 4, timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._server = parse_smtp_url(url)
        self._timeout_s = timeout_s
        self._tls = tls if tls is not None else ssl.create_default_context()
        self._slots = asyncio.Semaphore(at_once)

    async def send(self, mail: Mail) -> None:
        refuse_inside_transaction("SmtpMailSender.send")
        try:
            raw = compose(mail).as_bytes()
        except ValueError as error:
            raise Refused(f"The mail's headers are not right: {error}") from error
        start = time.monotonic()
        async with self._slots:
            await asyncio.to_thread(self._deliver, mail, raw, start)

    async def close(self) -> None:
        """Connections live as long as one mail; there is nothing to close."""

    def _deliver(self, mail: Mail, raw: bytes, start: float) -> None:
        try:
            smtp = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"The mail server can't be used: {_words(error)}") from error
        try:
            self._hand_over(smtp, mail, raw, start)
        finally:
            _say_goodbye(smtp)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=self._tls
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not server.tls and (smtp.has_extn("starttls") or not server.is_this_machine):
                # Without the extension this raises SMTPNotSupportedError: nothing goes in clear.
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _hand_over(self, smtp: smtplib.SMTP, mail: Mail, raw: bytes, start: float) -> None:
        options = [] if mail.recipient.isascii() else ["SMTPUTF8"]
        try:
            _expect(smtp.mail(mail.sender, options), (250,))
            _expect(smtp.rcpt(mail.recipient), (250, 251))
            smtp.putcmd("data")
            _expect(smtp.getreply(), (354,))
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"The mail server broke off: {_words(error)}") from error
        if time.monotonic() - start > HANDSHAKE_S:
            raise NotSent("The mail server was too slow; the mail was not handed over.")
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(ACCEPT_S)
            # RFC 5321 section 4.5.2: dots that begin a line are doubled, a lone dot ends the text.
            smtp.send(_dotted(raw))
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(
                f"The connection broke after the mail was handed over: {_words(error)}"
            ) from error
        _expect(answer, (250,))


def _dotted(raw: bytes) -> bytes:
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"\r\n".join(b"." + one if one.startswith(b".") else one for one in lines) + b"\r\n.\r\n"


def _expect(answer: tuple[int, bytes], good: tuple[int, ...]) -> None:
    """RFC 5321 section 4.2.1: 5yz is a no for good, anything else may work later."""
    code, text = answer
    if code in good:
        return
    words = f"The mail server said {code} {text.decode('utf-8', 'replace')[:200]}"
    raise Refused(words) if 500 <= code < 600 else NotSent(words)


def _words(error: Exception) -> str:
    # A server may echo what it was told, the password included, so only the kind is kept.
    return type(error).__name__


def _say_goodbye(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()
