"""What the function of one mail template decides: its subject, its action and its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Data = Mapping[str, Any]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What one template's function decides; `extra` is what its layout shows besides."""

    layout: str
    subject: str
    why: str
    action: tuple[str, str] | None = None
    extra: dict[str, Any] = {}
