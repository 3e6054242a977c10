"""Steps of clearing that one person may not take alone, whatever names he types."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import month_end
from events.decisions import CLEARING_APPROVED, CLEARING_PAID
from events.store.journal import write
from infra.access.logins import Login, create_login, drop_login
from infra.postgres.engine import connect
from processors.clearing import loans, steps
from processors.clearing.draft import draft
from processors.delivery.names import CLEARING_CONSUMER
from processors.delivery.position import lock_position
from processors.offices.refusal import StepRefused
from processors.proof.verify import verify
from tests import facts
from tests.clearings import problems_with
from tests.ledger import Books

REGION = "220621"
MARCH, APRIL = date(2031, 3, 1), date(2031, 4, 1)
LATER = month_end(APRIL)

Clerk = Callable[[], Awaitable[AsyncEngine]]


@pytest.fixture
async def clerk(engine: AsyncEngine) -> AsyncIterator[Clerk]:
    """Connects under a new login of ledger_writer."""
    made: list[tuple[AsyncEngine, str]] = []

    async def connected() -> AsyncEngine:
        name = f"clerk_{uuid.uuid4().hex[:12]}"
        password = await create_login(engine, Login(name, "ledger_writer"))
        url = engine.url.set(drivername="postgresql", username=name, password=password)
        made.append((connect(url.render_as_string(hide_password=False)), name))
        return made[-1][0]

    yield connected
    for theirs, name in made:
        await theirs.dispose()
        await drop_login(engine, name)


async def test_one_login_is_one_person_whatever_he_calls_himself(books: Books, clerk: Clerk) -> None:
    chen, zhou = await clerk(), await clerk()
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    first = await draft(chen, REGION, MARCH, "chen", LATER)
    with pytest.raises(StepRefused, match=f"login {chen.url.username} drafted {first}, as chen: another person"):
        await steps.approve(chen, first, "somebody")
    with pytest.raises(StepRefused, match="Chen drafted"):
        await steps.approve(zhou, first, "Chen")
    await steps.approve(zhou, first, "zhou")
    await steps.pay(chen, first, "chen", "T1")
    await steps.record_return(zhou, first, "zhou", "H1", "account closed")
    with pytest.raises(StepRefused, match="noted that what H1 was paid came back, as zhou: another person"):
        await steps.pay(zhou, first, "somebody", "T2")
    assert await steps.pay(chen, first, "chen", "T2") == 5520_00

    await books.publish([facts.audit(amount="1000")])
    second = await draft(zhou, REGION, APRIL, "zhou", LATER)
    await steps.approve(chen, second, "chen")
    with pytest.raises(StepRefused, match="another person must note what is paid in"):
        await steps.settle_receivable(zhou, f"{second}-hospital-H1", "somebody", "R1")
    assert await steps.settle_receivable(chen, f"{second}-hospital-H1", "chen", "R1") == 0
    assert (await verify(books.engine)).problems == []


async def test_the_owner_s_login_tells_nobody_apart(books: Books) -> None:
    """Embedded servers: everybody works under it."""
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = await draft(books.engine, REGION, MARCH, "chen", LATER)
    await steps.approve(books.engine, clearing_id, "zhou")
    await steps.pay(books.engine, clearing_id, "zhou", "T1")
    await steps.record_return(books.engine, clearing_id, "zhou", "H1", "account closed")
    await steps.pay(books.engine, clearing_id, "chen", "T2")
    assert (await verify(books.engine)).problems == []


async def test_steps_that_one_login_took_alone_are_found(books: Books, clerk: Clerk) -> None:
    """Written into the journal without the program, under two names."""
    chen, zhou = await clerk(), await clerk()
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = await draft(chen, REGION, MARCH, "chen", LATER)
    approval = {"clearing_id": clearing_id, "actor": "somebody"}
    assert await _problems(chen, CLEARING_APPROVED, approval) == [f"somebody, login {chen.url.username}"]
    assert await _problems(zhou, CLEARING_APPROVED, approval) == []
    await steps.approve(zhou, clearing_id, "zhou")
    await steps.pay(zhou, clearing_id, "zhou", "T1")
    await steps.record_return(zhou, clearing_id, "zhou", "H1", "account closed")
    payment: dict[str, object] = {"clearing_id": clearing_id, "actor": "somebody", "reference": "T2"}
    payment |= {"payments": [{"payee_kind": "hospital", "payee": "H1", "amount": 5520_00}]}
    assert await _problems(zhou, CLEARING_PAID, payment) == [f"somebody, login {zhou.url.username}"]
    assert await _problems(chen, CLEARING_PAID, payment) == []


async def _problems(engine: AsyncEngine, type_: str, data: Mapping[str, object]) -> list[str]:
    return [problem.found for problem in await problems_with(engine, data, type_)]


async def test_nobody_writes_under_another_s_login_nor_as_the_owner(books: Books, clerk: Clerk) -> None:
    """A clerk's own program appends what he likes: the server knows under which login."""
    chen, zhou = await clerk(), await clerk()
    await books.publish([facts.hospital(), facts.enrol(), *facts.stay(1)])
    clearing_id = await draft(chen, REGION, MARCH, "chen", LATER)
    approval: dict[str, object] = {"clearing_id": clearing_id, "actor": "zhou"}
    false: dict[str, dict[str, object]] = {
        f"is written by login {chen.url.username}, not {zhou.url.username}": {"login": zhou.url.username},
        "not none": {},
        "does not own the database": {"login": chen.url.username, "owner": True},
    }
    for refused, said in false.items():
        with pytest.raises(DBAPIError, match=refused):
            await _appended(chen, approval | said)
    owner = books.engine.url.username
    with pytest.raises(DBAPIError, match=f"is written by login {owner}, not chen"):
        await _appended(books.engine, approval | {"login": "chen"})
    await _appended(zhou, approval | {"login": zhou.url.username})


async def _appended(engine: AsyncEngine, said: Mapping[str, object]) -> None:
    """An approval written without the program; nothing of it stays."""
    async with engine.connect() as connection:
        position = await lock_position(connection, CLEARING_CONSUMER, 0)
        position.journal.append(CLEARING_APPROVED, said)
        await write(connection, position.journal)
        await connection.rollback()


async def test_a_loan_paid_back_in_cash_is_noted_by_another_than_issued_it(books: Books) -> None:
    by_chen = facts.advance("L1") | {"actor": "chen"}
    await books.publish([facts.enrol(), by_chen, facts.advance("L2")])
    with pytest.raises(StepRefused, match="Chen issued L1: another person must note what is paid back"):
        await loans.repay_in_cash(books.engine, REGION, "L1", 100_00, "Chen", "R1")
    assert await loans.repay_in_cash(books.engine, REGION, "L1", 100_00, "zhou", "R1") == 2900_00
    assert await loans.repay_in_cash(books.engine, REGION, "L2", 100_00, "chen", "R2") == 2900_00  # nobody is named
