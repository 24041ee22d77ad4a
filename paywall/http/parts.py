"""What routes and pages may reach for: the parts that create_app was given, and the use cases."""

from __future__ import annotations

from dataclasses import dataclass

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.accounts.people import People
from paywall.bridges.entitlements import Playback
from paywall.bridges.media import MediaStore
from paywall.http.rate_limits import Meter


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """One running product's organs. Tests build others; nothing here is a singleton."""

    settings: Settings
    clock: Clock
    db: Database
    sealer: Sealer
    people: People
    playback: Playback
    media: MediaStore
    meter: Meter
