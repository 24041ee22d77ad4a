"""HLS playlists of other servers, rewritten so that a player never leaves the token's path. Pure.

Addresses are found where RFC 8216 (August 2017) and draft-pantos-hls-rfc8216bis-17 put them: on a
line of their own, and in URI attributes of tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

_URI = re.compile(r'(?<=[:,])(URI|SERVER-URI)="([^"\r\n]*)"')
_TAKEN_OUT = ("#EXT-X-CONTENT-STEERING",)
"""Sends players to ask other servers which of them to use; here there is only this one."""


class NotAPlaylist(ValueError):
    """It came from a playlist's address and is none, or none that can be served from here."""


def rewritten(text: str, base: str, name: Callable[[str], str]) -> str:
    """The playlist with each address, resolved against `base`, replaced by `name` of it.

    Only http and https addresses are replaced; keys of a DRM system (`skd:`) and `data:` stay.
    Variables (EXT-X-DEFINE) could hide an address, so a playlist with them is refused; byte
    ranges of one large file are refused as well, since segments are handed on whole.
    """
    if not text.startswith("#EXTM3U"):
        raise NotAPlaylist("It does not begin with #EXTM3U.")

    def replaced(address: str) -> str:
        try:
            whole = urljoin(base, address.strip())
            parts = urlsplit(whole)
        except ValueError as error:
            raise NotAPlaylist("It names something that is no address.") from error
        return name(whole) if parts.scheme in ("http", "https") and parts.netloc else address

    lines = []
    for line in text.splitlines():
        if line.startswith(("#EXT-X-DEFINE", "#EXT-X-BYTERANGE")) or ",BYTERANGE=" in line:
            raise NotAPlaylist(f"It uses {line[1:24]}, which can't be served from here.")
        if line.startswith(_TAKEN_OUT):
            continue
        if line.startswith("#EXT"):
            lines.append(_URI.sub(lambda m: f'{m[1]}="{replaced(m[2])}"', line))
        elif line.startswith("#") or not line.strip():
            lines.append(line)
        else:
            lines.append(replaced(line))
    return "\n".join(lines) + "\n"
