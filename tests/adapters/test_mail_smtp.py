"""SMTP's own ways to fail: which of them are a no, a later, and a nobody-knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.adapters.mail_smtp import SmtpMailSender, parse_smtp_url
from paywall.notices.ports import NotSent, OutcomeUnknown, Refused
from tests.conformance.test_mail_senders import letter

from .local_servers import SmtpSink, tls_pair


@pytest.mark.parametrize(
    ("word", "answer", "error"),
    [
        ("RCPT", "550 no such user", Refused),
        ("RCPT", "450 greylisted", NotSent),
        ("RCPT", "drop", NotSent),
        ("MAIL", "421 busy", NotSent),
        ("DATA", "554 no", Refused),
        ("DATA", "drop", NotSent),
        (".", "554 spam", Refused),
        (".", "451 later", NotSent),
        (".", "drop", OutcomeUnknown),
    ],
)
async def test_each_answer_has_its_meaning(word: str, answer: str, error: type[Exception]) -> None:
    async with SmtpSink().running() as sink:
        sink.answers[word] = answer
        with pytest.raises(error):
            await SmtpMailSender(f"smtp://127.0.0.1:{sink.port}").send(letter())
        assert sink.mails == []


async def test_nobody_listening_means_not_sent() -> None:
    async with SmtpSink().running() as sink:
        port = sink.port
    with pytest.raises(NotSent):
        await SmtpMailSender(f"smtp://127.0.0.1:{port}").send(letter())


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_and_password_travel_under_tls(scheme: str, tmp_path: Path) -> None:
    server, trust = tls_pair(tmp_path, "127.0.0.1")
    async with SmtpSink(server).running(implicit_tls=scheme == "smtps") as sink:
        url = f"{scheme}://user:p%40ss@127.0.0.1:{sink.port}"
        await SmtpMailSender(url, tls=trust).send(letter())
        assert len(sink.mails) == 1
        assert len(sink.logins) == 1
        assert sink.started_tls == (scheme == "smtp")


async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    server, _ = tls_pair(tmp_path, "127.0.0.1")
    async with SmtpSink(server).running() as sink:
        with pytest.raises(NotSent):
            await SmtpMailSender(f"smtp://user:pw@127.0.0.1:{sink.port}").send(letter())
        assert (sink.mails, sink.logins) == ([], [])


def test_a_url_is_read_whole_and_a_wrong_one_is_explained() -> None:
    server = parse_smtp_url("smtps://a%40b:c%2Fd@mail.example")
    assert (server.host, server.port, server.tls) == ("mail.example", 465, True)
    assert (server.user, server.password) == ("a@b", "c/d")
    assert parse_smtp_url("smtp://localhost").port == 587
    for wrong in ("http://x", "smtp://", "mail.example"):
        with pytest.raises(ValueError, match="smtp://host:587"):
            parse_smtp_url(wrong)
