"""Marks by which an answer finds its case: in the reply address, the subject, a signed link. Pure.

A mark is the first 50 bits of an HMAC-SHA256 under a key of the installation's, in letters that
survive any mail program. It says that we gave it out; whoever holds it may write into that one
case, and never reads anything by it.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import msgspec

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32: no i, l, o, u
_MARK_LENGTH = 10
_BODY = re.compile(rf"^([0-9a-z]{{26}})-([{_ALPHABET}]{{{_MARK_LENGTH}}})$")
_SUBJECT = re.compile(rf"\[#(\d{{1,9}})-([{_ALPHABET}]{{{_MARK_LENGTH}}})\]", re.IGNORECASE)
_BARE = re.compile(r"\[?#\s?(\d{4,9})\b")
_ANSWER = re.compile(
    r"^\s*((re|aw|sv|vs|antw|fwd?|wg|tr|rv|odp|ynt|rif|r|i)\s*:\s*)+", re.IGNORECASE
)
CASE_PREFIX = "cas_"


class SubjectMark(msgspec.Struct, frozen=True):
    """What a subject says about a case; `mark` is empty where only a number stands there."""

    number: int
    mark: str


def mark(key: bytes, *facts: str) -> str:
    """Ten letters that only the key's holder can make for these facts."""
    digest = hmac.new(key, "\x1f".join(facts).encode(), hashlib.sha256).digest()
    value = int.from_bytes(digest[:7], "big") >> 6
    return "".join(_ALPHABET[(value >> (5 * at)) & 31] for at in range(_MARK_LENGTH))


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.lower().encode(), other.lower().encode())


def reply_address(base: str, key: bytes, case_id: str) -> str:
    """support@tickets.example -> support+<case>-<mark>@tickets.example (RFC 5233 subaddress).

    At most 64 octets before the @ (RFC 5321, 4.5.3.1.1) where the base has 26 or fewer.
    """
    local, _, domain = base.rpartition("@")
    body = case_id.removeprefix(CASE_PREFIX)
    return f"{local}+{body}-{mark(key, 'reply', case_id)}@{domain}"


def case_of_address(base: str, key: bytes, address: str) -> str | None:
    """The case's id, where this is a reply address that we made."""
    found = _BODY.match(sub_address(base, address))
    if found is None:
        return None
    case_id = CASE_PREFIX + found[1]
    return case_id if same(found[2], mark(key, "reply", case_id)) else None


def sub_address(base: str, address: str) -> str:
    """What stands after the + of an address of ours, lower case; "" for any other address."""
    local, _, domain = base.lower().rpartition("@")
    theirs, _, at = address.strip().lower().rpartition("@")
    if at != domain or not theirs.startswith(local + "+"):
        return ""
    return theirs[len(local) + 1 :]


def subject_tag(key: bytes, venue_id: str, number: int) -> str:
    """[#1042-k3j9x2mqab], for the end of a subject."""
    return f"[#{number}-{mark(key, 'subject', venue_id, str(number))}]"


def tag_in(subject: str) -> SubjectMark | None:
    """The tag of a subject, else a bare number in it, which proves nothing by itself."""
    found = _SUBJECT.search(subject)
    if found is not None:
        return SubjectMark(int(found[1]), found[2].lower())
    bare = _BARE.search(subject)
    return SubjectMark(int(bare[1]), "") if bare is not None else None


def is_ours(key: bytes, venue_id: str, said: SubjectMark) -> bool:
    expected = mark(key, "subject", venue_id, str(said.number))
    return bool(said.mark) and same(said.mark, expected)


def untagged(subject: str) -> str:
    """The subject without our tag and without "Re:", for a case's name."""
    clean = _SUBJECT.sub("", subject)
    clean = _ANSWER.sub("", clean)
    return " ".join(clean.split())


def link_mark(key: bytes, case_id: str, purpose: str = "rating") -> str:
    """For the page that asks whether it is solved, or (`answer`) whether the bot's mail helped."""
    return mark(key, purpose, case_id)
