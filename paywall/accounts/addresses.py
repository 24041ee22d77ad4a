"""Mail addresses as people type them: checked just enough to send a mail there. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from infra.kernel.errors import Invalid
from paywall.accounts.customers import normalise_email

MAX_LENGTH: Final = 254  # RFC 5321, as read in erratum 1690 of RFC 3696

# Only a mail proves an address; this catches slips, spaces and header tricks.
_SHAPE = re.compile(
    r"[^\s@,;:<>()\[\]\"\\]{1,64}@[^\s@,;:<>()\[\]\"\\.]+(\.[^\s@,;:<>()\[\]\"\\.]+)+"
)


def checked_email(address: str, field: str = "email") -> str:
    """The normalised address, or Invalid with the field's name."""
    email = normalise_email(unicodedata.normalize("NFC", address))
    controls = any(unicodedata.category(c) in {"Cc", "Cf"} for c in email)
    if len(email) > MAX_LENGTH or controls or not _SHAPE.fullmatch(email):
        raise Invalid(field, "Write a mail address such as name@example.org.")
    return email
