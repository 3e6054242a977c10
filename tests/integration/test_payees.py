"""The register of payees' accounts: two persons, sealed, kept, and read by its own role alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.logins import Login, create_login, drop_login
from infra.postgres.engine import connect
from processors.bank import accounts
from processors.bank.listings import account_rows, step_rows
from processors.offices.keys import KeyRing, new_key
from processors.offices.refusal import StepRefused
from tests import facts
from tests.ledger import Books
from tests.payees import CARD, KEYS, OTHER_CARD, approved, order


@pytest.fixture
async def known(books: Books) -> AsyncEngine:
    """A ledger that knows a hospital and two persons."""
    await books.publish([facts.hospital(), facts.enrol(), facts.enrol("P2")])
    return books.engine


async def test_an_account_is_paid_to_once_another_person_has_approved_it(known: AsyncEngine) -> None:
    entered = await accounts.enter(known, KEYS, order(), "chen")
    assert (entered.number, entered.unchanged, entered.warnings) == (1, False, ())
    with pytest.raises(StepRefused, match="another person must approve"):
        await accounts.approve(known, KEYS, [1], "Chen")
    with pytest.raises(StepRefused, match="account 1 of P1 waits for approval"):
        await accounts.enter(known, KEYS, order(account=OTHER_CARD), "chen")
    await accounts.approve(known, KEYS, [1], "zhou")
    with pytest.raises(StepRefused, match="is approved, not proposed"):
        await accounts.approve(known, KEYS, [1], "zhou")
    assert (await accounts.enter(known, KEYS, order(account=f" {CARD[:4]} {CARD[4:]}"), "chen")).unchanged
    assert await approved(known, order(account=OTHER_CARD)) == [3]
    rows = await account_rows(known, KEYS, all_=True)
    assert [(row["number"], row["status"], row["account"]) for row in rows] == [
        (1, "replaced", "****0004"),
        (3, "approved", "****0012"),
    ]
    assert [row["account"] for row in await account_rows(known, KEYS, whole=True)] == [OTHER_CARD]
    await accounts.end(known, KEYS, 3, "chen", "账户注销")
    assert await account_rows(known, KEYS) == []
    steps = await step_rows(known, "person", "P1")
    assert [(row["step"], row["account"], row["actor"]) for row in steps] == [
        ("set", 1, "chen"),
        ("approved", 1, "zhou"),
        ("set", 3, "chen"),
        ("approved", 3, "zhou"),
        ("ended", 3, "chen"),
    ]
    assert CARD not in str(steps)


async def test_what_no_account_can_be_is_refused_and_what_may_be_a_slip_is_told(known: AsyncEngine) -> None:
    async def refusal(**stated: Any) -> str:
        with pytest.raises(StepRefused) as refused:
            await accounts.enter(known, KEYS, order(**stated), "chen")
        return str(refused.value)

    assert "digits" in await refusal(account="6217-abc")
    assert "户名" in await refusal(holder="  ")
    assert "has no |" in await refusal(holder="=SUM(A1)")
    assert "has no |" in await refusal(bank="工行|支行")
    assert "there is no payee P9" in await refusal(payee="P9")
    assert "there is no payee H1" in await refusal(payee="H1")  # a hospital is no person
    assert "needs a reason" in await refusal(relation="guardian")
    assert "its own account" in await refusal(payee="H1", payee_kind="hospital", relation="other", reason="代收")
    assert "own field only" in await refusal(relation="guardian", reason=f"父亲，账号 {OTHER_CARD}")
    assert CARD not in await refusal(bank_code="12")
    assert await account_rows(known, KEYS) == []
    slip = await accounts.enter(known, KEYS, order(account=CARD[:-1] + "6"), "chen")
    assert "check digit" in slip.warnings[0]
    await accounts.withdraw(known, KEYS, slip.number, "chen", "卡号抄错")
    first = await accounts.enter(known, KEYS, order(), "chen")
    same = await accounts.enter(known, KEYS, order("P2", relation="guardian", reason="未成年，母亲代收"), "chen")
    assert (first.warnings, same.warnings) == ((), ("与 P1 的账号相同 P1 has the same account number",))


async def test_heirs_and_the_dead(books: Books, known: AsyncEngine) -> None:
    early = await accounts.enter(known, KEYS, order(relation="heir", reason="父亡，其子继承"), "chen")
    assert "no death is reported" in early.warnings[0]
    await accounts.withdraw(known, KEYS, early.number, "chen", "未登记死亡")
    await books.publish([facts.death("P1", "2019-03-10")])
    own = await accounts.enter(known, KEYS, order(), "chen")
    assert "is reported dead" in own.warnings[0]
    await accounts.withdraw(known, KEYS, own.number, "chen", "已故")
    heir = await accounts.enter(known, KEYS, order(relation="heir", reason="父亡，其子继承"), "chen")
    assert heir.warnings == ()


async def test_nothing_that_is_kept_tells_an_account_and_no_step_is_changed(known: AsyncEngine) -> None:
    await approved(known, order())
    async with known.connect() as connection:
        kept = (await connection.execute(text("SELECT account_steps::text FROM payees.account_steps"))).scalars()
        assert not any(CARD in row or "张三" in row or CARD.encode().hex() in row for row in kept)
        query = "SELECT count(*) FROM ledger.entries WHERE data::text LIKE '%6217%' OR journal LIKE 'payee%'"
        assert (await connection.execute(text(query))).scalar_one() == 0
    for change in (
        "UPDATE payees.account_steps SET payee = 'P2' WHERE number = 1",
        "UPDATE payees.account_steps SET sealed = NULL, actor = 'zhou' WHERE number = 1",
        "DELETE FROM payees.account_steps",
        "TRUNCATE payees.account_steps",
        "INSERT INTO payees.account_steps SELECT 9, step, account, payee_kind, payee, relation, reason, sealed, key_id,"
        " actor, 'somebody', owner, at FROM payees.account_steps WHERE number = 2",
    ):
        with pytest.raises(DBAPIError, match=r"never changed|writes as somebody"):
            async with known.begin() as connection:
                await connection.execute(text(change))


async def test_an_account_that_was_moved_to_another_payee_pays_nobody(known: AsyncEngine) -> None:
    await approved(known, order(), order("P2", account=OTHER_CARD))
    async with known.begin() as connection:  # as who owns the database could
        await connection.execute(
            text(
                "UPDATE payees.account_steps SET sealed = other.sealed FROM payees.account_steps AS other"
                " WHERE account_steps.number = 1 AND other.number = 2"
            )
        )
    with pytest.raises(StepRefused, match="person/P1/1 was changed"):
        await account_rows(known, KEYS)


async def test_a_new_key_seals_all_anew(known: AsyncEngine) -> None:
    old, new = new_key(), new_key()
    await approved(known, order(), keys=KeyRing([old]))
    with pytest.raises(StepRefused, match="lacks"):
        await account_rows(known, KeyRing([new]))
    assert await accounts.seal_anew(known, KeyRing([new, old])) == 1
    assert await accounts.keys_in_use(known) == {KeyRing([new]).current}
    assert [row["account"] for row in await account_rows(known, KeyRing([new]), whole=True)] == [CARD]
    assert await accounts.seal_anew(known, KeyRing([new])) == 0


@asynccontextmanager
async def connected(engine: AsyncEngine, group: str) -> AsyncIterator[AsyncEngine]:
    name = f"login_{group}"
    password = await create_login(engine, Login(name, group))
    url = engine.url.set(drivername="postgresql", username=name, password=password)
    theirs = connect(url.render_as_string(hide_password=False))
    try:
        yield theirs
    finally:
        await theirs.dispose()
        await drop_login(engine, name)


async def test_the_register_is_its_own_role_s_alone(known: AsyncEngine) -> None:
    await approved(known, order())
    for group in ("ledger_writer", "finance_reader", "investigator"):
        async with connected(known, group) as login:
            with pytest.raises(DBAPIError, match="permission denied"):
                await account_rows(login, KEYS)
    async with connected(known, "payee_keeper") as keeper:
        await accounts.enter(keeper, KEYS, order("P2", account=OTHER_CARD), "wu")
        with pytest.raises(StepRefused, match="login login_payee_keeper"):
            await accounts.approve(keeper, KEYS, [3], "somebody")  # one login is one person
        assert await accounts.seal_anew(keeper, KEYS) == 0
        for change in ("UPDATE payees.account_steps SET actor = 'zhou'", "DELETE FROM payees.account_steps"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with keeper.begin() as connection:
                    await connection.execute(text(change))
