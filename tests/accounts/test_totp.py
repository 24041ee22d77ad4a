"""Authenticator codes: drift, replay, recovery; and the fresh check."""

from __future__ import annotations

import asyncio

import msgspec
import pyotp
import pytest
from sqlalchemy import select

from infra.kernel.errors import Conflict, Forbidden, TooMany, Unauthenticated
from paywall.accounts.principal import Principal
from paywall.accounts.proofs import RecoveryCode
from paywall.accounts.tables import Account, AuthSession
from tests.accounts.world import PASSWORD, World


async def enrolled(world: World) -> tuple[Principal, pyotp.TOTP, list[str]]:
    opened = await world.with_password("a@example.org")
    principal = await world.who(opened)
    enrolment = await world.people.totp.enrol(principal)
    app = pyotp.TOTP(enrolment.secret)
    codes = await world.people.totp.confirm(principal, app.at(world.clock.machine()))
    world.clock.move(minutes=2)
    return await world.who(opened), app, codes


async def test_a_secret_is_sealed_and_counts_only_once_confirmed(world: World) -> None:
    principal = await world.who(await world.with_password("a@example.org"))
    enrolment = await world.people.totp.enrol(principal)
    assert enrolment.uri.startswith("otpauth://totp/Paywall:a%40example.org?secret=")
    async with world.db.read() as tx:
        account = await tx.get(Account, principal.account_id)
    assert account is not None
    assert enrolment.secret not in account.totp_sealed
    assert account.totp_confirmed_at is None
    with pytest.raises(Conflict):
        await world.people.fresh.by_code(principal, "123456")
    with pytest.raises(Unauthenticated):
        await world.people.totp.confirm(principal, "000000")


async def test_a_confirmed_authenticator_is_not_replaced_silently(world: World) -> None:
    principal, _, _ = await enrolled(world)
    with pytest.raises(Conflict):
        await world.people.totp.enrol(principal)


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a_code_may_be_one_step_off(world: World, steps: int, good: bool) -> None:
    principal, app, _ = await enrolled(world)
    code = app.at(world.clock.machine(), counter_offset=steps)
    if good:
        await world.people.fresh.by_code(principal, code)
    else:
        with pytest.raises(Unauthenticated):
            await world.people.fresh.by_code(principal, code)


async def test_a_code_is_good_once_and_no_earlier_one_after_it(world: World) -> None:
    principal, app, _ = await enrolled(world)
    now = world.clock.machine()
    await world.people.fresh.by_code(principal, app.at(now))
    for code in (app.at(now), app.at(now, counter_offset=-1)):
        with pytest.raises(Unauthenticated) as refusal:
            await world.people.fresh.by_code(principal, code)
        assert refusal.value.code == "code_used"


async def test_of_eight_who_send_one_code_at_once_one_passes(world: World) -> None:
    principal, app, _ = await enrolled(world)
    code = app.at(world.clock.machine())
    answers = await asyncio.gather(
        *(world.people.fresh.by_code(principal, code) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(a, BaseException) for a in answers) == 1


async def test_a_recovery_code_works_once_typed_anyhow(world: World) -> None:
    principal, _, codes = await enrolled(world)
    assert len(set(codes)) == 10
    async with world.db.read() as tx:
        kept = set(await tx.scalars(select(RecoveryCode.code_hash)))
    assert kept.isdisjoint(codes)
    await world.people.fresh.by_code(principal, f" {codes[0].upper()} ")
    with pytest.raises(Unauthenticated):
        await world.people.fresh.by_code(principal, codes[0])
    assert (await world.people.me.view(principal)).recovery_codes_left == 9


async def test_new_recovery_codes_void_the_old(world: World) -> None:
    principal, _, codes = await enrolled(world)
    fresh = await world.people.totp.renew_codes(principal)
    with pytest.raises(Unauthenticated):
        await world.people.fresh.by_code(principal, codes[0])
    await world.people.fresh.by_code(principal, fresh[0])


async def test_guessing_codes_is_stopped(world: World) -> None:
    principal, _, _ = await enrolled(world)
    for _ in range(9):  # enrolling took the first of ten
        with pytest.raises(Unauthenticated):
            await world.people.fresh.by_code(principal, "000000")
    with pytest.raises(TooMany):
        await world.people.fresh.by_code(principal, "000000")


async def test_turning_it_off_needs_a_fresh_proof_and_is_told(world: World) -> None:
    principal, app, _ = await enrolled(world)
    world.clock.move(minutes=11)
    with pytest.raises(Forbidden) as refusal:
        await world.people.totp.turn_off(principal)
    assert refusal.value.code == "fresh_check_needed"
    await world.people.fresh.by_code(principal, app.at(world.clock.machine()))
    renewed = await _again(world, principal)
    await world.people.totp.turn_off(renewed)
    assert not (await world.people.me.view(renewed)).has_totp
    assert world.mailbox.last.data == {"what": "totp_off"}


async def _again(world: World, principal: Principal) -> Principal:
    """The same session, identified anew."""
    async with world.db.read() as tx:
        session = await tx.get(AuthSession, principal.session_id)
    assert session is not None
    return msgspec.structs.replace(principal, fresh_until=session.fresh_until)


async def test_a_password_refreshes_only_an_account_without_factor_and_never_strengthens(
    world: World,
) -> None:
    opened = await world.with_password("b@example.org")
    world.clock.move(hours=1)
    principal = await world.who(opened)
    with pytest.raises(Unauthenticated):
        await world.people.fresh.by_password(principal, "not the password")
    until = await world.people.fresh.by_password(principal, PASSWORD)
    assert (until - world.clock.machine()).total_seconds() == 600
    principal = await world.who(opened)
    principal.require_fresh(world.clock.machine())
    assert not principal.strong

    factored, _, _ = await enrolled(world)
    with pytest.raises(Forbidden) as refusal:
        await world.people.fresh.by_password(factored, PASSWORD)
    assert refusal.value.code == "factor_needed"
