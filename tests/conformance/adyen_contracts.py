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

# Whose own example in webhooks v1 has additionalData that their own schema forbids (2026-11-22).
_ADDITIONAL_DATA_AMISS = frozenset(
    {
        "MANUAL_REVIEW_ACCEPT",
        "MANUAL_REVIEW_REJECT",
        "OFFER_CLOSED",
        "ORDER_CLOSED",
        "POSTPONED_REFUND",
        "PREARBITRATION_LOST",
        "RECURRING_CONTRACT",
    }
)


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

    def check_webhook(self, document: dict[str, Any]) -> None:
        """Hold a standard webhook to the schema of its event; ValueError as above.

        additionalData is left out where the description contradicts its own examples.
        """
        items = document["notificationItems"]
        event = items[0]["NotificationRequestItem"]["eventCode"]
        body = self.document["webhooks"][f"/{event}"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
        if event in _ADDITIONAL_DATA_AMISS:
            bare = [
                {"NotificationRequestItem": one["NotificationRequestItem"] | {"additionalData": {}}}
                for one in items
            ]
            document = document | {"notificationItems": bare}
        self.check(schema, document)
