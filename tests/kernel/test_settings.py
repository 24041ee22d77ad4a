"""A wrong variable stops the start with one sentence that names it."""

from __future__ import annotations

import pytest

from infra.kernel.settings import BadSetting, load_settings


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PAYWALL_PRT", "8000", "is not a setting"),
        ("PAYWALL_PORT", "abc", "PAYWALL_PORT can't be used"),
        ("PAYWALL_DATABASE_URL", "postgres://x/y", "begins with"),
        ("PAYWALL_MASTER_SECRET", "abc", "openssl rand -base64 32"),
        ("PAYWALL_MASTER_SECRET", "c2hvcnQ=", "at least 32"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words) as told:
        load_settings({name: value})
    assert name in str(told.value)


def test_nothing_has_to_be_set() -> None:
    assert load_settings({"HOME": "/root"}).database().startswith("sqlite+aiosqlite:///")
