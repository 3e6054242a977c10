"""The persons' register: sealed, found by the certificate, kept apart, and read by its own role alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.logins import Login, create_login, drop_login
from infra.postgres.engine import connect
from processors.identities.identity import Identity
from processors.identities.store import (
    SharedCertificate,
    find_numbers,
    find_person,
    keys_in_use,
    record_identities,
    seal_anew,
)
from processors.offices.keys import KeyRing, new_key
from processors.offices.refusal import StepRefused
from tests.clerk import clerk

WOMAN, MAN = "99999919900101018X", "999999199001010016"
WIDENED, OLD = "11010519491231002X", "110105491231002"
KEY = new_key()
KEYS = KeyRing([KEY])


def person(person_id: str = "P1", certificate: str = WOMAN, **stated: Any) -> Identity:
    usual: dict[str, Any] = {"name": "测甲", "sex": "2", "born": date(1990, 1, 1)}
    return Identity(person_id, certificate=certificate, certificate_type="01", **(usual | stated))


async def found(engine: AsyncEngine, keys: KeyRing = KEYS, **asked: str) -> Identity | None:
    async with engine.connect() as connection:
        who = await find_person(connection, keys, **asked)
    return None if who is None else who.identity


async def test_a_person_is_found_by_certificate_and_by_number(engine: AsyncEngine) -> None:
    done = await record_identities(engine, KEYS, [person(), person("P2", MAN)], "wang")
    assert (done.added, done.changed, done.unchanged, done.shared) == (2, 0, 0, [])
    assert await found(engine, certificate=WOMAN) == person()
    assert await found(engine, certificate=f"{WOMAN[:6]} {WOMAN[6:].lower()}") == person()
    assert await found(engine, person_id="P2") == person("P2", MAN)
    assert await found(engine, certificate=WOMAN, person_id="P1") == person()
    assert await found(engine, certificate=WOMAN, person_id="P2") is None
    assert await found(engine, certificate="999999198506070036") is None
    assert await found(engine, certificate="护照") is None

    again = await record_identities(engine, KEYS, [person()], "wang")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    married = person(name="测乙", certificate=WIDENED)
    changed = await record_identities(engine, KEYS, [married], "li")
    assert (changed.added, changed.changed, changed.unchanged) == (0, 1, 0)
    assert await found(engine, person_id="P1") == married
    assert await found(engine, certificate=OLD) == married
    assert await found(engine, certificate=WOMAN) is None  # it is nobody's any more


async def test_who_shares_a_certificate_is_told_and_kept_apart(engine: AsyncEngine) -> None:
    await record_identities(engine, KEYS, [person()], "wang")
    done = await record_identities(engine, KEYS, [person("P3"), person("P2", MAN)], "wang")
    assert (done.added, done.shared) == (2, [["P1", "P3"]])
    with pytest.raises(SharedCertificate, match="P1、P3") as shared:
        await found(engine, certificate=WOMAN)
    assert WOMAN not in str(shared.value)
    assert await found(engine, certificate=WOMAN, person_id="P3") == person("P3")
    async with engine.connect() as connection:
        numbers = await find_numbers(connection, KEYS, [WOMAN, MAN, "x"])
    assert numbers == {WOMAN: ["P1", "P3"], MAN: ["P2"], "x": []}


async def test_nothing_that_is_kept_tells_a_person_and_no_row_is_changed(engine: AsyncEngine) -> None:
    await record_identities(engine, KEYS, [person(), person("P2", MAN)], "wang")
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT persons::text FROM identities.persons"))).scalars().all()
        query = text("SELECT count(*) FROM ledger.entries WHERE convert_from(data, 'UTF8') LIKE '%0101018X%'")
        assert (await connection.execute(query)).scalar_one() == 0
    assert len(kept) == 2
    told = (WOMAN, WOMAN.encode().hex(), "测甲", "测甲".encode().hex(), "1990-01-01")
    assert not any(each in row for row in kept for each in told)
    for change in (
        "UPDATE identities.persons SET person_id = 'P9' WHERE number = 1",
        "UPDATE identities.persons SET sealed = '', actor = 'li' WHERE number = 1",
        "DELETE FROM identities.persons",
        "TRUNCATE identities.persons",
        "INSERT INTO identities.persons SELECT 9, person_id, sealed, certificate, key_id, actor, 'somebody', owner, at"
        " FROM identities.persons WHERE number = 1",
    ):
        with pytest.raises(DBAPIError, match=r"never changed|writes as somebody"):
            async with engine.begin() as connection:
                await connection.execute(text(change))


async def test_what_was_moved_to_another_person_is_not_read(engine: AsyncEngine) -> None:
    await record_identities(engine, KEYS, [person(), person("P2", MAN)], "wang")
    async with engine.begin() as connection:  # as who owns the database could
        moved = "UPDATE identities.persons SET sealed = other.sealed FROM identities.persons AS other"
        await connection.execute(text(f"{moved} WHERE persons.number = 1 AND other.number = 2"))
    with pytest.raises(StepRefused, match="person/P1/1 was changed"):
        await found(engine, person_id="P1")


async def test_a_new_key_seals_and_indexes_all_anew(engine: AsyncEngine) -> None:
    old, new = new_key(), new_key()
    await record_identities(engine, KeyRing([old]), [person(), person("P2", MAN)], "wang")
    both = KeyRing([new, old])
    assert await found(engine, both, certificate=WOMAN) == person()  # before anything is sealed anew
    with pytest.raises(StepRefused, match="lacks"):
        await found(engine, KeyRing([new]), person_id="P1")
    assert await seal_anew(engine, both) == 2
    assert await keys_in_use(engine) == {both.current}
    assert await found(engine, KeyRing([new]), certificate=WOMAN) == person()
    assert await found(engine, KeyRing([old]), certificate=WOMAN) is None
    assert await seal_anew(engine, KeyRing([new])) == 0


@asynccontextmanager
async def connected(engine: AsyncEngine, group: str) -> AsyncIterator[AsyncEngine]:
    name = f"person_{group}"
    password = await create_login(engine, Login(name, group))
    url = engine.url.set(drivername="postgresql", username=name, password=password)
    theirs = connect(url.render_as_string(hide_password=False))
    try:
        yield theirs
    finally:
        await theirs.dispose()
        await drop_login(engine, name)


async def test_its_keeper_writes_the_gateway_reads_and_others_do_neither(engine: AsyncEngine) -> None:
    async with connected(engine, "identity_keeper") as keeper:
        await record_identities(keeper, KEYS, [person()], "wang")
        assert await seal_anew(keeper, KeyRing([new_key(), KEY])) == 1
    async with connected(engine, "gateway") as gateway:
        assert await keys_in_use(gateway) != set()
        with pytest.raises(DBAPIError, match="permission denied"):
            await record_identities(gateway, KEYS, [person("P2", MAN)], "wang")
    for group in ("ledger_writer", "investigator", "finance_reader"):
        async with connected(engine, group) as others:
            with pytest.raises(DBAPIError, match="permission denied"):
                await keys_in_use(others)


async def test_a_clerk_records_persons_and_finds_one(database: str, tmp_path: Path) -> None:
    listed = tmp_path / "persons.csv"
    rows = [f"P1,测甲,{WOMAN}", f"P2,测乙,{MAN}", f"P3,测丙,{MAN}", f"P4,测丁,{MAN[:-1]}0"]
    listed.write_text("\n".join(("参保人编号,姓名,身份证号", *rows)), encoding="utf-8")
    key = tmp_path / "persons.key"
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_PERSONS_KEY=str(key)) as claims:
        early = await claims("persons", "import", listed, "--actor", "wang")
        assert early.code == 2
        assert "claims persons new-key" in early.err
        assert (await claims("persons", "new-key")).code == 0
        done = await claims("persons", "import", listed, "--actor", "wang", "--json")
        assert done.code == 1
        assert done.rows == [
            {
                "added": 3,
                "changed": 0,
                "unchanged": 0,
                "repeated": 0,
                "shared": [["P2", "P3"]],
                "refused": [{"row": 5, "reason": done.rows[0]["refused"][0]["reason"]}],
            }
        ]
        assert "第 5 行未登记" in done.err
        assert "证件号码：校验位不对" in done.err
        assert "P2、P3" in done.err
        assert MAN[:-1] not in done.err + done.out.decode()

        one = await claims("persons", "find", "--certificate", WOMAN, "--reason", "查询", "--json")
        assert (one.rows[0]["person_id"], one.rows[0]["name"]) == ("P1", "测甲"), one.err
        assert one.rows[0]["certificate"] == "**************018X"
        whole = await claims("persons", "find", "--psn-no", "P1", "--whole")
        assert WOMAN in whole.out.decode()
        several = await claims("persons", "find", "--certificate", MAN)
        assert (several.code, "P2、P3" in several.err, MAN in several.err) == (2, True, False)
        nobody = await claims("persons", "find", "--psn-no", "P9")
        assert nobody.code == 1
        looks = (await claims("access", "log", "--json")).rows
        told = [(look["person_id"], look["page"], look["reason"]) for look in looks]
        assert told == [("P1", "persons find", None), ("P1", "persons find", "查询")]
        rotated = await claims("persons", "rotate-key", "--json")
        assert rotated.rows[0]["persons"] == 3, rotated.err
        after = await claims("persons", "find", "--certificate", WOMAN, "--json")
        assert after.rows == one.rows
        made = await claims("persons", "template", "--out", tmp_path / "template.xlsx")
        assert made.code == 0, made.err
        assert (await claims("verify")).code == 0
