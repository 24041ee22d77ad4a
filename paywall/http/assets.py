"""The files that the web build made: found by plain name, served under a name with a hash."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

DIST = Path(__file__).parent.parent / "static" / "dist"
URL = "/static/dist"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


@cache
def _manifest() -> dict[str, str]:
    file = DIST / "manifest.json"
    if not file.exists():
        return {}
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def asset_url(plain_name: str) -> str:
    """The address of a built file; of its plain name where nothing was built yet."""
    return f"{URL}/{_manifest().get(plain_name, plain_name)}"


def asset_file(name: str) -> Path | None:
    """The file behind a name in an address; None for anything that is not one of ours."""
    file = DIST / name
    return file if _NAME.fullmatch(name) and file.is_file() else None
