"""Commands look at a hall on both databases."""

from __future__ import annotations

from tests.stories.conftest import hall as hall
