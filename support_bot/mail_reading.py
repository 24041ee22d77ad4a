"""A mail as it came, read: who, what about, what it says, and whether a machine wrote it. Pure.

Everything here comes from strangers: broken headers, unknown character sets and nested parts end
in a letter that says less, or in UnreadableMail, never in another error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr

import msgspec

from support_bot.case_files import FILES_MAX, Offered
from support_bot.mail_text import html_to_text, split

MAIL_BYTES_MAX = 20_000_000
"""Larger ones are not read; servers refuse them at 25 MB or so."""
PARTS_MAX = 200
REFERENCES_MAX = 50
_ADDRESS = re.compile(r"^[^@\s<>\"]{1,64}@[^@\s<>\"]{1,189}$")
_ID = re.compile(r"<([^<>\s]{1,250})>")
_DELIVERED = re.compile(
    rb"^(?:delivered-to|x-original-to|envelope-to):[ \t]*(.{1,320}?)\r?$",
    re.IGNORECASE | re.MULTILINE,
)


_NOBODY = re.compile(
    r"no?[-_.]?(reply|response|answer)|do(es)?n?[-_.]?o?t[-_.]?(reply|respond|answer)"
    r"|(ne[-_.]?pas|non)[-_.]?r[eé]pondre|keine?[-_.]?antwort|nicht[-_.]?antworten"
    r"|no[-_.]?responder|nao[-_.]?responder|non[-_.]?rispondere|nie[-_.]?odpowiadac"
    r"|svara[-_.]?inte|(no|in)gen[-_.]?svar|auto[-_.]?(reply|respon[ds])|^bounces?\b"
    r"|^(mailer-daemon|postmaster|notifications?|alerts?|automat\w*|robot|daemon)$",
    re.IGNORECASE,
)


class UnreadableMail(Exception):
    """Not a mail that can be read; the text says why."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of a mail. `automatic` says why no person wrote it; empty: one did."""

    key: str
    """Its Message-ID, or the SHA-256 of its bytes: it is stored once under it."""
    message_id: str
    sender: str
    sender_name: str
    to: Sequence[str]
    """Every address that it was sent or delivered to, lower case."""
    subject: str
    answers: Sequence[str]
    """Message-IDs of In-Reply-To and References, the latest first."""
    text: str
    quoted: str
    files: Sequence[Offered]
    automatic: str = ""  # bounce | auto_reply | list | bulk
    failed: Sequence[str] = ()
    """Message-IDs that a bounce is about."""


def reads_nobody(address: str) -> bool:
    """Whether mail to this address is read by nobody, as far as its name says."""
    return bool(_NOBODY.search(address.partition("@")[0].partition("+")[0]))


def key_of(raw: bytes) -> str:
    """Under what a mail is stored once: its Message-ID where it has one, else a digest."""
    try:
        head = message_from_bytes(raw[:100_000].split(b"\r\n\r\n")[0], policy=policy.compat32)
        found = _ID.search(str(head.get("message-id", "")))
    except Exception:  # noqa: BLE001 - the parser's own defects; the digest always works
        found = None
    return found[1] if found else "sha256:" + hashlib.sha256(raw).hexdigest()


def copy_key_of(raw: bytes) -> str:
    """The same for a mailbox of many addresses: each copy of a mail counts for its own."""
    head = raw[:100_000].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    marks = sorted({one.strip().lower() for one in _DELIVERED.findall(head)})
    if not marks:
        return key_of(raw)
    return f"{key_of(raw)[:200]} to {hashlib.sha256(b' '.join(marks)).hexdigest()[:16]}"


def head_of(raw: bytes) -> tuple[str, str, str]:
    """From, To and Subject of a mail that may be broken, for a list that a person reads."""
    try:
        head = message_from_bytes(raw[:100_000].split(b"\r\n\r\n")[0], policy=policy.default)
        found = [str(head.get(name, ""))[:300] for name in ("from", "to", "subject")]
    except Exception:  # noqa: BLE001 - the parser's own defects, as in key_of
        return "", "", ""
    return found[0], found[1], found[2]


def read(raw: bytes) -> Letter:
    """Read a mail; UnreadableMail where it is too large or not one."""
    if len(raw) > MAIL_BYTES_MAX:
        raise UnreadableMail(f"It is larger than {MAIL_BYTES_MAX // 1_000_000} MB.")
    try:
        return _read(raw)
    except UnreadableMail:
        raise
    except RecursionError as error:
        raise UnreadableMail("Its parts are nested too deep.") from error
    except Exception as error:
        # email's parsers raise many kinds on made-up input (cpython issues 82065, 91555).
        raise UnreadableMail(f"It can't be read: {type(error).__name__}.") from error


def _read(raw: bytes) -> Letter:
    mail = message_from_bytes(raw, policy=policy.default.clone(raise_on_defect=False))
    assert isinstance(mail, EmailMessage)
    name, sender = parseaddr(_header(mail, "from"))
    if not _ADDRESS.match(sender):
        name, sender = parseaddr(_header(mail, "reply-to"))
    text, quoted = _words(mail)
    automatic = _automatic(mail, sender)
    return Letter(
        key=key_of(raw),
        message_id=next(iter(_ids(mail, "message-id")), ""),
        sender=sender.lower() if _ADDRESS.match(sender) else "",
        sender_name=_line(name)[:120],
        to=_addressees(mail),
        subject=_line(_header(mail, "subject"))[:300],
        answers=[*_ids(mail, "in-reply-to"), *reversed(_ids(mail, "references"))][:REFERENCES_MAX],
        text=text,
        quoted=quoted,
        files=_files(mail),
        automatic=automatic,
        failed=_failed(mail) if automatic == "bounce" else (),
    )


def _header(mail: Message, name: str) -> str:
    """A header as text, whatever its bytes are."""
    raw = next((str(v) for k, v in mail.raw_items() if k.lower() == name), "")
    try:
        return str(mail.get(name, ""))
    except Exception:  # noqa: BLE001 - the structured parsers raise many kinds on made-up headers
        return _encoded_words(raw)


def _encoded_words(raw: str) -> str:
    """RFC 2047 words as text; as they are where they can't be read."""
    try:
        return str(make_header(decode_header(raw)))
    except Exception:  # noqa: BLE001 - unknown character sets, broken base64
        return raw


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _ids(mail: Message, name: str) -> list[str]:
    return _ID.findall(_header(mail, name))[:REFERENCES_MAX]


def _addressees(mail: Message) -> list[str]:
    found: list[str] = []
    for name in ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "to", "cc"):
        for value in _all(mail, name)[:20]:
            found += [address.lower() for _, address in getaddresses([value])[:50] if address]
    return list(dict.fromkeys(found))


def _all(mail: Message, name: str) -> list[str]:
    try:
        return [str(value) for value in mail.get_all(name, [])]
    except Exception:  # noqa: BLE001 - as in _header
        return [str(v) for k, v in mail.raw_items() if k.lower() == name]


def _parts(mail: Message) -> list[Message]:
    """The leaves in order; what a forwarded mail holds belongs to it, not to this one."""
    leaves: list[Message] = []
    waiting = [mail]
    while waiting and len(leaves) < PARTS_MAX:
        part = waiting.pop(0)
        inner = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if isinstance(inner, list):
            waiting[:0] = [one for one in inner if isinstance(one, Message)]
        elif part.get_content_type() != "message/rfc822":
            leaves.append(part)
    return leaves


def _words(mail: Message) -> tuple[str, str]:
    """The plain text, or the HTML made plain where there is no plain text of substance."""
    plain = _joined(mail, "text/plain")
    html = _joined(mail, "text/html")
    if plain.strip() and not (html and len(plain.strip()) < 3):
        return split(plain)
    if html:
        said, quoted = html_to_text(html)
        said, below = split(said)
        return said, "\n\n".join(part for part in (below, quoted) if part)
    return "", ""


def _joined(mail: Message, kind: str) -> str:
    texts = [
        _decoded(part)
        for part in _parts(mail)
        if part.get_content_type() == kind and not _is_file(part)
    ]
    return "\n".join(text for text in texts if text.strip())[:1_000_000]


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(
        part.get_filename() and part.get_content_maintype() != "text"
    )


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = (part.get_content_charset() or "utf-8").strip("'\" ")
    for one in (charset, "utf-8", "windows-1252"):
        try:
            return data.decode(one)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("latin-1")


def _files(mail: Message) -> list[Offered]:
    """Attachments and inline pictures; twice as many as are taken, so that refusals are named."""
    found = []
    for part in _parts(mail):
        inline = part.get_content_maintype() not in ("text", "multipart", "message")
        if not (_is_file(part) or inline):
            continue
        data = part.get_payload(decode=True)
        name = _encoded_words(part.get_filename() or "")
        found.append(Offered(name or "file", data if isinstance(data, bytes) else b""))
    return found[: 2 * FILES_MAX]


def _automatic(mail: Message, sender: str) -> str:
    """Why no person wrote it, or "". RFC 3834 sections 2 and 5; RFC 3464 for bounces."""
    kind = mail.get_content_type()
    local = sender.lower().partition("@")[0]
    if kind == "multipart/report" or local in ("mailer-daemon", "postmaster"):
        return "bounce"
    if _header(mail, "return-path").replace(" ", "") == "<>":
        return "bounce" if _failed(mail) else "auto_reply"
    submitted = _header(mail, "auto-submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return "auto_reply"
    for name in ("x-autoreply", "x-autorespond", "x-auto-reply"):
        if _header(mail, name).strip():
            return "auto_reply"
    if _header(mail, "list-id") or _header(mail, "list-unsubscribe"):
        return "list"
    precedence = _header(mail, "precedence").strip().lower()
    if precedence in ("bulk", "junk", "list"):
        return "bulk"
    if precedence == "auto_reply":
        return "auto_reply"
    return ""


def _failed(mail: Message) -> list[str]:
    """Message-IDs in what a bounce gives back, and in its own In-Reply-To."""
    found = [*_ids(mail, "in-reply-to"), *_ids(mail, "references")]
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                found += _ids(inner[0], "message-id")
        elif part.get_content_type() == "text/rfc822-headers":
            head = re.search(r"(?im)^message-id:\s*<([^<>\s]{1,250})>", _decoded(part))
            found += [head[1]] if head else []
    return list(dict.fromkeys(found))[:REFERENCES_MAX]
