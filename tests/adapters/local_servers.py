"""Small servers on this machine for tests: HTTP that answers by script, SMTP that keeps mail."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Answer:
    """A raw HTTP/1.1 answer, sent in the given pieces; `hang` keeps the connection open after."""

    def __init__(
        self, status: int = 200, body: bytes = b"ok", headers: str = "", *, hang: bool = False
    ) -> None:
        self.head = f"HTTP/1.1 {status} X\r\n{headers}connection: close\r\n\r\n".encode()
        self.body = body
        self.hang = hang


Requests = list[bytes]


def at_once() -> float:
    return 0.0


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A server's port. Afterwards no connection is left open, served, begun or just accepted.

    A task that is cancelled before its first step closes nothing, so the connections are kept here.
    """
    open_: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        open_[task] = writer
        task.add_done_callback(lambda one: open_.pop(one).close())

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.01)
        left = dict(open_)
        for task, writer in left.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*left, return_exceptions=True)


@asynccontextmanager
async def http_server(
    answer: Callable[[bytes], Answer],
    tls: ssl.SSLContext | None = None,
    *,
    pause_s: Callable[[], float] = at_once,
) -> AsyncIterator[tuple[int, Requests]]:
    """Gives the port and the requests seen (head and body as bytes), answered after pauses."""
    seen: Requests = []
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                 if line.startswith(b"content-length:")), 0,
            )  # fmt: skip
            seen.append(head + await reader.readexactly(length))
            await asyncio.sleep(pause_s())
            what = answer(head)
            writer.write(what.head + what.body)
            await writer.drain()
            if what.hang:
                await closing.wait()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async with listening(serve, tls) as port:
        yield port, seen
        closing.set()


class SmtpSink:
    """A minimal SMTP server (RFC 5321 commands that a client needs), misbehaving on demand.

    `answers` replaces the answer to a command word ("RCPT", "." for the end of the text);
    the value "drop" closes the connection instead. Between keeping a mail and saying so it
    pauses for `pause_s()`.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, pause_s: Callable[[], float] = at_once
    ) -> None:
        self.mails: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, str] = {}
        self.logins: list[str] = []
        self.started_tls = 0
        self._tls = tls
        self._pause_s = pause_s
        self.port = 0

    @asynccontextmanager
    async def running(self, *, implicit_tls: bool = False) -> AsyncIterator[SmtpSink]:
        async with listening(self._serve, self._tls if implicit_tls else None) as self.port:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""
        encrypted = writer.get_extra_info("sslcontext") is not None
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            text = line.decode().strip()
            word = text.split(" ")[0].upper()
            if word == "MAIL":
                sender = text.split("<")[1].split(">")[0]
            elif word == "RCPT":
                recipient = text.split("<")[1].split(">")[0]
            elif word == "AUTH":
                self.logins.append(text)
            given = self.answers.get(word)
            if given == "drop":
                return
            if word == "EHLO" and given is None:
                offers = ["250-sink", "250-AUTH PLAIN", "250-SMTPUTF8"]
                if self._tls is not None and not encrypted:
                    offers.append("250-STARTTLS")
                writer.write("\r\n".join([*offers, "250 OK\r\n"]).encode())
                continue
            usual = {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 in", "STARTTLS": "220 go"}
            writer.write(f"{given or usual.get(word, '250 OK')}\r\n".encode())
            await writer.drain()
            if word == "STARTTLS":
                assert self._tls is not None
                await writer.start_tls(self._tls)
                encrypted = True
                self.started_tls += 1
            if word == "DATA" and given is None:
                raw = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
                end = self.answers.get(".", "250 taken")
                if end == "drop":
                    return
                if end.startswith("250"):
                    undotted = raw.replace(b"\r\n..", b"\r\n.")
                    self.mails.append((sender, recipient, undotted))
                await asyncio.sleep(self._pause_s())
                writer.write(f"{end}\r\n".encode())
            if word == "QUIT":
                return


def tls_pair(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server's, client's) TLS contexts around a fresh self-signed certificate for names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "tls.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=str(pem))
    return server, client


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
