"""Mails of strangers: broken, huge, automatic, in every character set."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_bot.mail_reading import UnreadableMail, key_of, read
from tests.support_bot.cases.mails import GMAIL_HTML, multipart, raw

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 30).decode()


def test_an_ordinary_mail() -> None:
    letter = read(
        raw("Black.", in_reply_to="<x@y.example>", references="<w@y.example> <x@y.example>")
    )
    assert (letter.sender, letter.sender_name) == ("ada@example.org", "Ada")
    assert letter.to == ["help@hall.example"]
    assert letter.answers[0] == "x@y.example"
    assert (letter.text, letter.automatic, letter.message_id) == ("Black.", "", "a1@example.org")


def test_words_in_old_character_sets_and_encoded_headers() -> None:
    mail = raw(
        "-",
        subject="=?iso-8859-1?Q?Pas_d'image_=E0_20_h?=",
        from_="=?utf-8?B?w4lsb8Ovc2U=?= <e@x.example>",
    )
    letter = read(
        mail.replace(b"From_", b"From")
        .replace(b"charset=utf-8", b"charset=windows-1252")
        .replace(b"\r\n\r\n-", b"\r\n\r\nd\xe9j\xe0 pay\xe9 12 \x80")
    )
    assert letter.subject == "Pas d'image à 20 h"
    assert letter.text == "déjà payé 12 €"


def test_a_character_set_that_does_not_exist_is_no_error() -> None:
    mail = raw("déjà", content_type="text/plain; charset=klingon-8")
    assert read(mail).text == "déjà"


def test_html_alone_is_made_plain() -> None:
    letter = read(raw(GMAIL_HTML, content_type="text/html; charset=utf-8"))
    assert letter.text == "Yes, still black.\n\nAda"
    assert "Which browser?" in letter.quoted


def test_the_plain_half_wins_and_files_and_inline_pictures_are_found() -> None:
    alternative = (
        'Content-Type: multipart/alternative; boundary="b1"\n\n'
        "--b1\nContent-Type: text/plain\n\nSee below\n"
        "--b1\nContent-Type: text/html\n\n<p>See below</p>\n--b1--\n"
    )
    picture = (
        f"Content-Type: image/png\nContent-ID: <p1>\nContent-Transfer-Encoding: base64\n\n{PNG}"
    )
    evil = (
        'Content-Type: image/png; name="a.png"\n'
        'Content-Disposition: attachment; filename="../../a.html"\n\n<html>'
    )
    letter = read(multipart("mixed", alternative, picture, evil))
    assert letter.text == "See below"
    assert [file.name for file in letter.files] == ["file", "../../a.html"]
    assert letter.files[0].data.startswith(b"\x89PNG")


def test_a_forwarded_mail_inside_is_not_what_the_sender_says() -> None:
    inner = "Content-Type: message/rfc822\n\nSubject: old\nContent-Type: text/plain\n\ntheir words"
    letter = read(multipart("mixed", "Content-Type: text/plain\n\nMy words", inner))
    assert letter.text == "My words"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"auto_submitted": "auto-replied (vacation)"}, "auto_reply"),
        ({"auto_submitted": "Auto-Generated"}, "auto_reply"),
        ({"auto_submitted": "no"}, ""),
        ({"precedence": "bulk"}, "bulk"),
        ({"precedence": "auto_reply"}, "auto_reply"),
        ({"list_id": "<news.example.org>"}, "list"),
        ({"list_unsubscribe": "<mailto:x@y.example>"}, "list"),
        ({"return_path": "<>"}, "auto_reply"),
        ({"return_path": "< >", "in_reply_to": "<cmg_1@hall.example>"}, "bounce"),
        ({"x_autoreply": "yes"}, "auto_reply"),
        ({"from": "MAILER-DAEMON@mx.example"}, "bounce"),
        ({"return_path": "<ada@example.org>"}, ""),
    ],
)
def test_machines_are_recognised(headers: dict[str, str], why: str) -> None:
    assert read(raw("I am away.", **headers)).automatic == why


def test_a_bounce_names_the_mail_that_did_not_arrive() -> None:
    report = multipart(
        "report; report-type=delivery-status",
        "Content-Type: text/plain\n\nUser unknown",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: failed",
        "Content-Type: text/rfc822-headers\n\nMessage-ID: <cmg_1@hall.example>\nSubject: Re",
        boundary="r1",
        from_="x",
    )
    letter = read(
        report.replace(
            b"multipart/report; report-type=delivery-status; boundary",
            b"multipart/report; boundary",
        )
    )
    assert letter.automatic == "bounce"
    assert letter.failed == ["cmg_1@hall.example"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\r\n\r\n",
        b"From: \xff\xfe\r\nSubject: =?utf-8?B?!!!?=\r\n\r\nx",
        b"From: <<<>>>\r\nTo: ,,,;;;\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: text/plain; charset="\xff"\r\n\r\n\xff',
        b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n',
        b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%",
        b"Message-ID: <" + b"x" * 5000 + b">\r\n\r\nx",
        b"To: " + b"a@b.example, " * 5000 + b"\r\n\r\nx",
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(broken: bytes) -> None:
    letter = read(broken)
    assert len(letter.to) <= 250
    assert len(key_of(broken)) <= 255


def test_parts_nested_a_thousand_deep_are_refused_and_not_a_crash() -> None:
    body = b""
    for depth in range(1500):
        body += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
    with pytest.raises(UnreadableMail):
        read(b"From: a@b.example\r\n" + body)


def test_a_mail_larger_than_the_bound_is_refused() -> None:
    with pytest.raises(UnreadableMail):
        read(b"x" * 20_000_001)


def test_a_mail_without_an_id_is_known_by_its_bytes() -> None:
    one, other = raw("x", message_id="-"), raw("y", message_id="-")
    assert key_of(one) == key_of(one) != key_of(other)
    assert key_of(one).startswith("sha256:")


@given(st.binary(max_size=600))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with suppress(UnreadableMail):
        read(data)
