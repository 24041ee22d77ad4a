"""Adyen's own descriptions, from the folder in PAYWALL_TEST_CONTRACTS; else a plain skip."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

CHECKOUT = "adyen-checkout-v71.json"
WEBHOOKS = "adyen-webhooks-v1.json"


def contract_path(name: str) -> Path | None:
    folder = os.environ.get("PAYWALL_TEST_CONTRACTS")
    path = Path(folder) / name if folder else None
    return path if path and path.is_file() else None


def needed(name: str) -> Path:
    path = contract_path(name)
    if path is None:
        pytest.skip(f"PAYWALL_TEST_CONTRACTS names no folder with {name} (Adyen/adyen-openapi)")
    return path


class Description:
    """One OpenAPI 3.1 file; `check` holds a document to one of its schemas."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = json.loads(path.read_bytes())
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, schema: str, document: Any) -> None:
        """ValueError with the place and reason when the document does not fit."""
        if schema not in self._validators:
            root = {
                "$ref": f"#/components/schemas/{schema}",
                "components": self.document["components"],
            }
            self._validators[schema] = Draft202012Validator(root)
        error = next(self._validators[schema].iter_errors(document), None)
        if error is not None:
            raise ValueError(f"{schema} {error.json_path}: {error.message[:300]}")
