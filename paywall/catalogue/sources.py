"""Where pictures come from: a folder that we serve, or a playlist that we fetch. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from infra.kernel.errors import Invalid

FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(/[a-z0-9][a-z0-9-]{0,63})?")
"""A folder, or a folder in a folder, below the media root: no dots, so no way out of it."""


class SourceKind(StrEnum):
    LOCAL = "local"
    PULL = "pull"


def check_source(kind: SourceKind, source: str) -> None:
    """Raise Invalid unless `source` is a folder's name (local) or an https playlist (pull).

    Whether a pulled address leads to a private network is checked where it is fetched, after
    resolution and on each redirect.
    """
    if kind is SourceKind.LOCAL:
        if not FOLDER.fullmatch(source):
            raise Invalid(
                "source", "Name the folder with small letters, digits and hyphens: grande-salle."
            )
        return
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError as error:
        raise Invalid("source", "Give the playlist's whole https address.") from error
    if parts.scheme != "https" or not parts.hostname or port not in {None, 443}:
        raise Invalid("source", "Give an https address of a playlist, on the usual port.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("source", "Leave user names, passwords and # parts out of the address.")
    if not parts.path.endswith(".m3u8"):
        raise Invalid("source", "The address must lead to an HLS playlist that ends in .m3u8.")
    if not source.isascii() or not source.isprintable() or " " in source:
        raise Invalid("source", "Write the address in plain ASCII, percent-encoded.")
