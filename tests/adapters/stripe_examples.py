"""Stripe's own example object of each resource (github.com/stripe/openapi, fixtures3.json)."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest


@cache
def _resources(path: Path) -> str:
    return json.dumps(json.loads(path.read_text())["resources"])


def example(resource: str, **changes: Any) -> dict[str, Any]:
    """A fresh copy of Stripe's example, with some fields changed to the case at hand."""
    folder = os.environ.get("PAYWALL_TEST_CONTRACTS")
    if not folder:
        pytest.skip("PAYWALL_TEST_CONTRACTS is not set: no folder with Stripe's example objects")
    data: dict[str, Any] = json.loads(_resources(Path(folder) / "stripe-fixtures3.json"))[resource]
    unknown = changes.keys() - data.keys()
    assert not unknown, f"Stripe's {resource} has no {unknown}"
    return data | changes
