"""Passwords: what is refused, what is kept, and what a wrong one costs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import unicodedata

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from infra.kernel.errors import Invalid
from paywall.accounts.passwords import MIN_LENGTH, Passwords, check_new
from tests.accounts.world import CHEAP, PASSWORD


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 257, "password_long"),
        ("aaaaaaaaaaaa", "password_common"),
        ("1234567890", "password_common"),
        ("0987654321", "password_common"),
        ("qwertyuiop", "password_common"),
        ("azertyuiop", "password_common"),
        ("P@ssw0rd2026!", "password_common"),
        ("motdepasse75", "password_common"),
        ("iloveyou!!!!", "password_common"),
        ("jeanne.martin", "password_common"),
        ("jeanne.martin2026", "password_common"),
    ],
)
def test_a_password_that_anyone_would_try_is_refused_with_the_reason(
    password: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check_new(password, email="jeanne.martin@example.org")
    assert refusal.value.code == code
    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery",
        "Zq7#mLw2xV",
        "夜想曲はショパンの作品です",
        "x1-jeanne-owl-boat",
    ],
)
def test_long_or_odd_passwords_need_no_signs_and_no_digits(password: str) -> None:
    check_new(password, email="jeanne@example.org")


@given(st.text(max_size=MIN_LENGTH - 1))
def test_nothing_below_the_least_length_passes(password: str) -> None:
    with pytest.raises(Invalid):
        check_new(password)


@given(st.text(max_size=300), st.emails())
def test_the_check_answers_or_refuses_whatever_is_typed(password: str, email: str) -> None:
    with contextlib.suppress(Invalid):
        check_new(password, email=email)


async def test_only_the_right_password_opens_and_spelling_of_accents_does_not_matter() -> None:
    passwords = Passwords(CHEAP)
    typed = "café noir à minuit"
    stored = await passwords.hash(unicodedata.normalize("NFD", typed))
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, unicodedata.normalize("NFC", typed))
    assert not await passwords.verify(stored, typed + " ")


async def test_an_account_without_password_is_never_opened() -> None:
    passwords = Passwords(CHEAP)
    assert not await passwords.verify("", "")
    assert not await passwords.verify("", "nobody has this password")
    assert not await passwords.verify("not a hash", "anything")


class Counting(PasswordHasher):
    """Argon2 that notes which threads it ran in and which hashes it checked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.threads: list[int] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
        self.threads.append(threading.get_ident())
        return super().verify(hash, password)


async def test_an_unknown_address_costs_one_full_check_outside_the_loop() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    await passwords.verify("", "a guess at nobody")
    assert len(hasher.threads) == 1
    assert hasher.threads[0] != threading.get_ident()


async def test_changed_parameters_make_a_stored_hash_outdated() -> None:
    old, new = Passwords(CHEAP), Passwords(PasswordHasher(2, 16, 1))
    stored = await old.hash(PASSWORD)
    assert not old.outdated(stored)
    assert new.outdated(stored)
    assert await new.verify(stored, PASSWORD)


async def test_a_crowd_is_hashed_through_few_slots() -> None:
    passwords = Passwords(CHEAP, slots=2)
    stored = await passwords.hash(PASSWORD)
    answers = await asyncio.gather(*(passwords.verify(stored, PASSWORD) for _ in range(20)))
    assert all(answers)
