"""Built scripts, styles and fonts, read once into memory."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import msgspec

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".map": "application/json",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
HASHED = re.compile(r".-[A-Z0-9]{8}\.[a-z0-9.]+$")
FOR_EVER = "public, max-age=31536000, immutable"
PACKED_FROM = 1000


class Asset(msgspec.Struct, frozen=True):
    body: bytes
    packed: bytes | None
    kind: str
    cache: str


class Assets:
    """Every built file by name. Read at start: a build that changes means a restart."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            file.name: _read(file) for file in sorted(folder.glob("*")) if file.is_file()
        }

    def get(self, name: str) -> Asset | None:
        return self._files.get(name)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    text = file.suffix != ".woff2" and len(body) > PACKED_FROM
    return Asset(
        body=body,
        packed=gzip.compress(body, 6, mtime=0) if text and file.suffix != ".map" else None,
        kind=TYPES.get(file.suffix, "application/octet-stream"),
        cache=FOR_EVER if HASHED.search(file.name) else "public, max-age=300",
    )
