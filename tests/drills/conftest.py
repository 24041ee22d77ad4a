"""Drills run in a hall on PostgreSQL, unless they say otherwise."""

from __future__ import annotations

from tests.stories.conftest import hall as hall
