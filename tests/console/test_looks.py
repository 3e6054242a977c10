"""Every look at a person is in the ledger before anything of him is shown; the ledger proves that none was taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import orjson
import pytest
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import select, text

from infra.access.logins import Login, create_login, drop_login
from infra.console.application import console as application
from infra.console.application import console_state
from infra.console.authorization import needs
from infra.console.group import PageGroup
from infra.console.looks import record_look
from infra.console.permissions import Permission
from infra.console.server import serving
from infra.console.visitor import Visitor
from infra.http.address import Address, WrongLogin
from infra.postgres.engine import connect
from infra.settings import Settings
from processors.access_log.journal import Look
from processors.access_log.journal import record_look as write_look
from processors.access_log.listings import look_rows
from processors.proof.verify import verify
from projections.statements import statements
from tests.console.harness import NAMES, ConsoleUnderTest, SignedIn, at_once
from tests.program import claims

_READER = Login("reads_by_hand", "investigator")
router = APIRouter()


@router.get("/test/persons/{person_id}")
async def person(request: Request, visitor: Annotated[Visitor, needs(Permission.PERSONS)], person_id: str) -> Response:
    """Stands for a page of a person."""
    await record_look(request, visitor, person_id, "person")
    return PlainTextResponse("the person's diseases")


@asynccontextmanager
async def _signed_in(console: ConsoleUnderTest, role: str) -> AsyncIterator[SignedIn]:
    """A session at a console that has the page above, over the same ledger."""
    state = console_state(console.database_url, "", Settings())
    state.groups = {**state.groups, "test": PageGroup(router)}
    transport = httpx.ASGITransport(application(state))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", follow_redirects=True) as client:
            if role == "owner":
                await client.get(f"/session/link/{state.links.make()}")
            else:
                await client.post("/session", data={"login": NAMES[role], "password": console.passwords[role]})
            [visitor] = state.sessions
            yield SignedIn(client, visitor.csrf)
    finally:
        await state.sessions.end_all()
        await state.engine.dispose()


async def _looks(console: ConsoleUnderTest, person_id: str) -> list[dict[str, object]]:
    return [dict(row) async for row in look_rows(console.running.state.engine, person_id=person_id)]


async def test_a_look_is_recorded_under_the_visitors_login(console: ConsoleUnderTest) -> None:
    async with _signed_in(console, "payee_keeper") as session:
        assert (await session.get("/test/persons/P-keeper")).text == "the person's diseases"
    async with _signed_in(console, "owner") as session:
        await session.get("/test/persons/P-keeper")
    owners, keepers = await _looks(console, "P-keeper")
    assert (keepers["login"], keepers["owner"], keepers["page"]) == (NAMES["payee_keeper"], False, "person")
    assert (owners["login"], owners["owner"]) == ("claims", True)
    assert (keepers["case_id"], keepers["reason"]) == (None, None)


async def test_an_investigator_says_once_what_he_looks_for(console: ConsoleUnderTest) -> None:
    async with _signed_in(console, "investigator") as session:
        asked = await session.get("/test/persons/P-1", as_of="2026-01-02")
        assert asked.url.path == "/access/purpose"
        assert await _looks(console, "P-1") == []
        there = "/test/persons/P-1?as_of=2026-01-02"
        assert f'value="{there}"' in asked.text
        shown = await session.post("/access/purpose", {"reason": " 核实  举报 ", "next": there})
        assert shown.text == "the person's diseases"
        await session.get("/test/persons/P-2")
        assert "核实 举报" in (await session.get("/")).text
        [first], [second] = await _looks(console, "P-1"), await _looks(console, "P-2")
        assert first["reason"] == second["reason"] == "核实 举报"
    async with _signed_in(console, "investigator") as another:
        assert (await another.get("/test/persons/P-1")).url.path == "/access/purpose"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "须填写一项"),
        ({"case": "360123-C404"}, "没有案件"),
        ({"reason": "查"}, "2 至 200 字"),
        ({"reason": "查" * 201}, "2 至 200 字"),
        ({"reason": "查 11010519491231002X 本人"}, "不得写身份证号"),
    ],
)
async def test_what_is_no_purpose_is_not_taken(console: ConsoleUnderTest, said: dict[str, str], why: str) -> None:
    async with _signed_in(console, "investigator") as session:
        refused = await session.post("/access/purpose", said)
        assert refused.status_code == 422
        assert why in refused.text
        assert (await session.get("/test/persons/P-3")).url.path == "/access/purpose"


async def test_what_cannot_be_recorded_is_not_shown(console: ConsoleUnderTest) -> None:
    engine = console.running.state.engine
    async with engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE ledger.entries ADD CONSTRAINT no_looks CHECK (journal <> 'access.0') NOT VALID")
        )
    try:
        async with _signed_in(console, "ledger_writer") as session:
            page = await session.get("/test/persons/P-4")
            assert page.status_code == 500
            assert "diseases" not in page.text
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE ledger.entries DROP CONSTRAINT no_looks"))


async def test_looks_at_once_are_all_recorded(console: ConsoleUnderTest) -> None:
    async with _signed_in(console, "ledger_writer") as session:
        pages = await at_once(*(session.get("/test/persons/P-many") for _ in range(20)))
        assert {page.status_code for page in pages} == {200}
    looks = await _looks(console, "P-many")
    assert len(looks) == 20
    assert len({look["number"] for look in looks}) == 20


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/claims?claim={claim}", "claims"),
        ("/claims?claim={claim}&format=json", "claims"),
        ("/claims?person={person}", "claims"),  # narrowed by the person: one look, not two
        ("/persons?person={person}", "persons"),
        ("/finance/claims?person_id={person}", "claims"),
    ],
)
async def test_a_list_that_leaves_one_person_is_a_look(console: ConsoleUnderTest, path: str, page: str) -> None:
    async with console.running.state.engine.connect() as connection:
        row = (await connection.execute(select(statements).where(statements.c.status == "settled").limit(1))).one()
    before = await _looks(console, row.person_id)
    session = await console.signed_in("ledger_writer")
    assert (await session.get(path.format(claim=row.claim_id, person=row.person_id))).status_code == 200
    [look] = [each for each in await _looks(console, row.person_id) if each not in before]
    assert (look["page"], look["login"]) == (page, NAMES["ledger_writer"])
    investigator = await console.new_session("investigator")
    asked = await investigator.get(path.format(claim=row.claim_id, person=row.person_id))
    assert asked.url.path == "/access/purpose"
    assert row.claim_id not in asked.text.replace(f"claim={row.claim_id}", "")


@pytest.mark.parametrize("path", ["/claims", "/finance/claims?person_id=11010519491231002X", "/access?person=P-listed"])
async def test_a_list_of_many_or_of_nobody_is_none(console: ConsoleUnderTest, path: str) -> None:
    every = [look async for look in look_rows(console.running.state.engine)]
    assert (await (await console.signed_in("investigator")).get(path)).status_code == 200
    assert [look async for look in look_rows(console.running.state.engine)] == every


async def test_the_page_of_looks_narrows_by_person_login_and_day(console: ConsoleUnderTest) -> None:
    await write_look(
        console.running.state.engine, Look("<b>mallory</b>", "P-listed", "settlement sheet", reason="=1+1")
    )
    session = await console.signed_in("investigator")
    page = (await session.get("/access", person="P-listed")).text
    assert "&lt;b&gt;mallory" in page
    assert ">结算单打印件</td>" in page
    assert "共 1 行" in page
    none = (await session.get("/access", until="2000-01-01")).text
    assert "没有符合筛选条件的行" in none
    rows = orjson.loads((await session.get("/access", login="<b>mallory</b>", format="json")).content)["rows"]
    assert [(row["person_id"], row["reason"]) for row in rows] == [("P-listed", "=1+1")]


async def test_the_command_lists_them(console: ConsoleUnderTest) -> None:
    await write_look(console.running.state.engine, Look("sun", "P-told", "claim", case_id="360123-C1"))
    env = {"CLAIMS_DATABASE_URL": console.database_url}
    done = await claims("access", "log", "--person", "P-told", "--login", "sun", "--json", env=env)
    assert done.code == 0, done.err
    [row] = done.rows
    assert {name: row[name] for name in ("login", "owner", "person_id", "page", "case_id", "reason")} == {
        "login": "sun",
        "owner": False,
        "person_id": "P-told",
        "page": "claim",
        "case_id": "360123-C1",
        "reason": None,
    }
    table = await claims("access", "log", "--since", "2000-01-01", env=env)
    assert "P-told" in table.out.decode()
    assert "结算单" in table.out.decode()
    assert (await claims("access", "log", "--since", "2100-01-01", "--json", env=env)).rows == []


@pytest.mark.parametrize(("command", "page"), [("file", "file"), ("sheet", "settlement sheet")])
async def test_commands_that_show_a_person_are_looks(
    console: ConsoleUnderTest, tmp_path: Path, command: str, page: str
) -> None:
    async with console.running.state.engine.connect() as connection:
        row = (await connection.execute(select(statements).where(statements.c.status == "settled").limit(1))).one()
    asked, out = {"file": row.person_id, "sheet": row.claim_id}[command], tmp_path / "page.html"
    before = await _looks(console, row.person_id)
    done = await claims(command, asked, "--out", out, env={"CLAIMS_DATABASE_URL": console.database_url})
    assert done.code == 0, done.err
    [look] = [each for each in await _looks(console, row.person_id) if each not in before]
    assert (look["page"], look["login"], look["owner"]) == (page, "claims", True)
    absent = await claims(command, "nobody", "--out", out, env={"CLAIMS_DATABASE_URL": console.database_url})
    assert (absent.code, await _looks(console, "nobody")) == (2, [])

    engine = connect(console.database_url)
    try:  # who may only read could not write the look: he is told so, and none is made up
        url = engine.url.set(username="reads_by_hand", password=await create_login(engine, _READER))
        env = {"CLAIMS_DATABASE_URL": url.set(drivername="postgresql").render_as_string(hide_password=False)}
        done = await claims(command, asked, "--out", out, env=env)
    finally:
        await drop_login(engine, _READER.name)
        await engine.dispose()
    assert (done.code, "reads_by_hand 只读账本，这次查阅没有记录" in done.err) == (0, True), done.err
    assert len(await _looks(console, row.person_id)) == len(before) + 1


async def test_verify_proves_the_looks_and_names_what_is_none(console: ConsoleUnderTest) -> None:
    engine = console.running.state.engine
    await write_look(engine, Look("sun", "P-5", "person"))
    assert (await verify(engine)).problems == []
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        last = "journal = 'access.0' AND number = (SELECT max(number) FROM ledger.entries WHERE journal = 'access.0')"
        changed = f"UPDATE ledger.entries SET data = :data WHERE {last}"
        await connection.execute(text(changed), {"data": b'{"login":"sun","person":"P-6"}'})
    report = await verify(engine)
    assert {problem.check for problem in report.problems} == {"chain", "access"}
    assert any("access.0" in problem.where and "person" in problem.found for problem in report.problems)


async def test_a_console_whose_login_cannot_record_does_not_start(console: ConsoleUnderTest) -> None:
    engine = connect(console.database_url)
    try:
        password = await create_login(engine, Login("only_reads", "investigator"))
        url = engine.url.set(drivername="postgresql", username="only_reads", password=password)
        with pytest.raises(WrongLogin):
            async with serving(url.render_as_string(hide_password=False), "", Settings(), Address("127.0.0.1", 0)):
                pass
    finally:
        await drop_login(engine, "only_reads")
        await engine.dispose()
