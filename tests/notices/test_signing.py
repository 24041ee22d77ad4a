"""Webhook signatures: the specification's own shape, and what a stranger's library verifies."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from paywall.notices.signing import new_signing_secret, signature, signed_headers

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_a_secret_is_marked_and_long_enough() -> None:
    secret = new_signing_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret[6:])) <= 64
    assert secret != new_signing_secret()


def test_the_signature_is_the_one_of_the_specifications_libraries() -> None:
    # Test vector of standard-webhooks' own libraries (libraries/python/tests), read 2026-11-22.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_secret_in_force_signs_the_same_message() -> None:
    old, new = new_signing_secret(), new_signing_secret()
    headers = signed_headers([new, old], "out_1", b"{}", NOW)
    assert headers["webhook-timestamp"] == "1795197600"
    for secret, one in zip([new, old], headers["webhook-signature"].split(" "), strict=True):
        key = base64.b64decode(secret[6:])
        mac = hmac.new(key, b"out_1.1795197600.{}", hashlib.sha256).digest()
        assert one == "v1," + base64.b64encode(mac).decode()
