"""Drills in a hall run on both databases."""

from __future__ import annotations

from tests.stories.conftest import hall as hall
