"""Log-in by password, sessions and their ends."""

from __future__ import annotations

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from infra.kernel.errors import NotFound, TooMany, Unauthenticated
from infra.kernel.seal import Sealer
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.login import CodeNeeded, ContinuationOver, LogIn
from paywall.accounts.passwords import Passwords
from paywall.accounts.principal import NOBODY
from paywall.accounts.sessions import Caller, touch
from paywall.accounts.sweep import sweep
from paywall.accounts.tables import Account, AuthSession
from tests.accounts.world import HERE, PASSWORD, World


async def test_unknown_address_wrong_password_and_no_password_get_one_answer(world: World) -> None:
    await world.with_password("known@example.org")
    await world.sign_in("nopassword@example.org")
    answers = set()
    for email in ("known@example.org", "nopassword@example.org", "unknown@example.org"):
        with pytest.raises(Unauthenticated) as refusal:
            await world.people.login(email, "not the password", HERE)
        error = refusal.value
        answers.add((error.status, error.code, error.detail, error.field, str(error.extra)))
    assert len(answers) == 1


async def test_guessing_at_one_address_is_stopped_and_other_addresses_go_on(world: World) -> None:
    await world.with_password("a@example.org")
    await world.with_password("b@example.org")
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await world.people.login("a@example.org", "a wrong guess", HERE)
    with pytest.raises(TooMany):
        await world.people.login("a@example.org", PASSWORD, HERE)
    await world.people.login("b@example.org", PASSWORD, HERE)
    # The owner elsewhere is not locked out by it.
    await world.people.login("a@example.org", PASSWORD, Caller("2001:db8:1::5"))


async def test_a_network_is_a_whole_ipv6_64(world: World) -> None:
    for i in range(10):
        with pytest.raises(Unauthenticated):
            await world.people.login("a@example.org", "guess guess", Caller(f"2001:db8::{i + 1}"))
    with pytest.raises(TooMany):
        await world.people.login("a@example.org", "guess guess", Caller("2001:db8::ffff"))


async def test_a_log_in_renews_a_hash_made_with_older_parameters(world: World) -> None:
    await world.with_password("a@example.org")
    stronger = Passwords(PasswordHasher(2, 16, 1))
    login = LogIn(
        world.db,
        world.clock,
        limiter=MemoryLimiter(world.clock),
        passwords=stronger,
        sealer=Sealer(b"k" * 32),
        totp=world.people.totp,
    )
    await login("a@example.org", PASSWORD, HERE)
    async with world.db.read() as tx:
        stored = await tx.scalar(select(Account.password_hash))
    assert stored is not None
    assert not stronger.outdated(stored)
    await login("a@example.org", PASSWORD, HERE)


async def test_an_account_with_an_authenticator_needs_its_code_too(world: World) -> None:
    opened = await world.with_password("a@example.org")
    principal = await world.who(opened)
    enrolment = await world.people.totp.enrol(principal)
    app = pyotp.TOTP(enrolment.secret)
    await world.people.totp.confirm(principal, app.at(world.clock.machine()))
    with pytest.raises(Unauthenticated) as asks:
        await world.people.login("a@example.org", PASSWORD, HERE)
    assert asks.value.code == "code_needed"
    with pytest.raises(Unauthenticated) as wrong:
        await world.people.login("a@example.org", "not the password", HERE, code="000000")
    assert wrong.value.code == "wrong_credentials"
    world.clock.move(seconds=30)
    opened = await world.people.login(
        "a@example.org", PASSWORD, HERE, code=app.at(world.clock.machine())
    )
    assert opened.strong
    assert (await world.who(opened)).strong


async def test_a_weak_log_in_is_not_fresh_where_a_factor_exists(world: World) -> None:
    opened = await world.with_password("a@example.org")
    principal = await world.who(opened)
    enrolment = await world.people.totp.enrol(principal)
    code = pyotp.TOTP(enrolment.secret).at(world.clock.machine())
    await world.people.totp.confirm(principal, code)
    by_mail = await world.who(await world.sign_in("a@example.org"))
    assert by_mail.is_person
    assert by_mail.fresh_until is None


async def test_a_session_lives_thirty_days_from_its_last_use(world: World) -> None:
    opened = await world.sign_in("a@example.org")
    world.clock.move(days=29)
    principal = await world.who(opened)
    await touch(world.db, principal, world.clock.machine())
    world.clock.move(days=29)
    assert (await world.who(opened)).is_person
    world.clock.move(days=1)
    assert await world.who(opened) == NOBODY


async def test_use_is_noted_once_an_hour(world: World) -> None:
    opened = await world.sign_in("a@example.org")
    started = world.clock.machine()
    world.clock.move(minutes=59)
    await touch(world.db, await world.who(opened), world.clock.machine())
    assert (await world.who(opened)).seen_at == started
    world.clock.move(minutes=1)
    await touch(world.db, await world.who(opened), world.clock.machine())
    assert (await world.who(opened)).seen_at == world.clock.machine()


async def test_strength_ends_after_twelve_hours_and_freshness_after_ten_minutes(
    world: World,
) -> None:
    principal = await world.operator()
    assert principal.fresh_until is not None
    opened_at = world.clock.machine()
    assert (principal.fresh_until - opened_at).total_seconds() == 600
    async with world.db.read() as tx:
        session = await tx.get(AuthSession, principal.session_id)
    assert session is not None
    assert session.strong_until is not None
    assert (session.strong_until - opened_at).total_seconds() == 12 * 3600


async def test_people_see_and_end_their_own_sessions_only(world: World) -> None:
    mine = await world.sign_in("a@example.org")
    world.clock.move(minutes=1)
    phone = await world.sign_in("a@example.org")
    theirs = await world.sign_in("b@example.org")
    principal = await world.who(mine)
    listed = await world.people.sessions.of(principal)
    assert [(s.id, s.current) for s in listed] == [
        (phone.session_id, False),
        (mine.session_id, True),
    ]
    with pytest.raises(NotFound):
        await world.people.sessions.end(principal, theirs.session_id)
    await world.people.sessions.end(principal, phone.session_id)
    assert await world.who(phone) == NOBODY
    await world.people.sessions.end(principal)
    assert await world.who(mine) == NOBODY
    assert (await world.who(theirs)).is_person


async def test_signing_out_everywhere_can_keep_this_session(world: World) -> None:
    opened = [await world.sign_in("a@example.org") for _ in range(3)]
    principal = await world.who(opened[0])
    assert await world.people.sessions.end_all(principal, keep_this=True) == 2
    assert (await world.who(opened[0])).is_person
    assert await world.people.sessions.end_all(principal) == 1
    assert await world.who(opened[0]) == NOBODY


async def test_the_sweep_forgets_only_what_ran_out(world: World) -> None:
    kept = await world.sign_in("a@example.org")
    ended = await world.who(await world.sign_in("b@example.org"))
    await world.people.sessions.end(ended)
    world.clock.move(days=1)
    await sweep(world.db, world.clock.machine())
    assert (await world.who(kept)).is_person
    world.clock.move(days=30)
    await sweep(world.db, world.clock.machine())
    async with world.db.read() as tx:
        left = (await tx.scalars(select(AuthSession.id))).all()
    assert left == [kept.session_id]


async def test_a_new_password_ends_other_sessions_and_is_told_by_mail(world: World) -> None:
    other = await world.with_password("a@example.org")
    principal = await world.who(await world.people.login("a@example.org", PASSWORD, HERE))
    await world.people.me.set_password(principal, "another long sentence")
    assert await world.who(other) == NOBODY
    assert world.mailbox.last.template == "account_changed"
    assert world.mailbox.last.data == {"what": "password_set"}
    await world.people.login("a@example.org", "another long sentence", HERE)
    with pytest.raises(Unauthenticated):
        await world.people.login("a@example.org", PASSWORD, HERE)


async def asked_for_a_code(world: World) -> tuple[str, pyotp.TOTP]:
    """A continuation of somebody who has shown the password, and their authenticator."""
    principal = await world.who(await world.with_password("a@example.org"))
    enrolment = await world.people.totp.enrol(principal)
    app = pyotp.TOTP(enrolment.secret)
    await world.people.totp.confirm(principal, app.at(world.clock.machine()))
    world.clock.move(seconds=30)
    with pytest.raises(CodeNeeded) as asks:
        await world.people.login("a@example.org", PASSWORD, HERE)
    assert PASSWORD not in asks.value.continuation
    assert "continuation" not in asks.value.extra
    return asks.value.continuation, app


async def test_a_continuation_takes_the_code_after_a_wrong_one_and_works_once(
    world: World,
) -> None:
    continuation, app = await asked_for_a_code(world)
    with pytest.raises(Unauthenticated) as wrong:
        await world.people.login.finish(continuation, "000000", HERE)
    assert wrong.value.field == "code"
    opened = await world.people.login.finish(continuation, app.at(world.clock.machine()), HERE)
    assert opened.strong
    world.clock.move(seconds=30)
    with pytest.raises(ContinuationOver):
        await world.people.login.finish(continuation, app.at(world.clock.machine()), HERE)


async def test_a_continuation_ends_with_five_minutes_a_new_password_or_a_changed_letter(
    world: World,
) -> None:
    continuation, app = await asked_for_a_code(world)
    for forged in ("", "nonsense", continuation[:-4] + "AAAA"):
        with pytest.raises(ContinuationOver):
            await world.people.login.finish(forged, app.at(world.clock.machine()), HERE)
    async with world.db.transaction() as tx:
        await tx.execute(update(Account).values(password_hash="another"))
    with pytest.raises(ContinuationOver):
        await world.people.login.finish(continuation, app.at(world.clock.machine()), HERE)


async def test_a_continuation_lasts_five_minutes(world: World) -> None:
    continuation, app = await asked_for_a_code(world)
    world.clock.move(minutes=5)
    with pytest.raises(ContinuationOver):
        await world.people.login.finish(continuation, app.at(world.clock.machine()), HERE)
