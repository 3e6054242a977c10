"""Steps that take two persons: the first is never the second, and nobody approves what he was not shown."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select

from infra.files.key_file import PAYEES, key_file_of, write_keys
from infra.settings import Settings
from processors.cases.journal import load_register
from processors.clearing import listings
from processors.offices.keys import new_key
from projections.enrolments import enrolments
from projections.hospitals import hospitals
from tests.console.harness import NAMES, OWNER, ConsoleUnderTest, SignedIn, at_once

REGION = "360923"
FIRST, SECOND = NAMES["ledger_writer"], NAMES["second_writer"]
WHERE = {"scheme": "shanggao", "region": REGION}
MOVEMENT = WHERE | {"kind": "appropriation", "to_fund": "assistance_fund", "amount": "120000.50", "office": "bureau"}
MOVEMENT |= {"moved_on": "2019-03-31", "reference": "TWO-PERSONS-1"}
BUDGET = WHERE | {"fund": "assistance_fund", "year": "2019", "spending": "5000000", "order_no": "预1号"}
BUDGET |= {"office": "finance_office"}
PREPAYMENT = {"region": REGION, "fund": "basic_fund", "amount": "1000.00", "reason": "预拨"}
ADVANCE = {"region": REGION, "amount": "2000", "applied_on": "2019-03-01", "need": "住院押金"}
TRANSFER = {"reference": "TWO-PERSONS-2", "day": "2019-03-31"}
BASIS = "条例 三十八"


async def one_of(console: ConsoleUnderTest, column: Any) -> str:
    async with console.running.state.engine.connect() as connection:
        return str((await connection.execute(select(func.min(column)))).scalar_one())


@pytest.mark.parametrize(
    ("path", "fields", "approval", "waits"),
    [
        ("/finance/movements/receive", MOVEMENT, {}, "资金收支待复核"),
        ("/finance/budgets", BUDGET, {}, "年度预算待复核"),
        ("/finance/prepayments", PREPAYMENT, TRANSFER, "预拨待复核"),
        ("/finance/advances", ADVANCE, {}, "临时救急借款申请待审核"),
    ],
    ids=["movement", "budget", "prepayment", "advance"],
)
async def test_who_entered_it_never_approves_it(
    console: ConsoleUnderTest, path: str, fields: Mapping[str, str], approval: Mapping[str, str], waits: str
) -> None:
    first, elsewhere = await console.signed_in("ledger_writer"), await console.new_session("ledger_writer")
    second, owner = await console.signed_in("second_writer"), await console.signed_in(OWNER)
    ids = {
        "hospital_id": await one_of(console, hospitals.c.hospital_id),
        "person_id": await one_of(console, enrolments.c.person_id),
    }
    entered = await first.post(path, ids | dict(fields))
    there = entered.url.path
    assert entered.status_code == 200, entered.text
    assert there.count("/") >= 3, entered.text
    # his page offers the step to others only
    assert f'action="{there}/approve"' not in entered.text
    assert "须由另一人登录办理" in entered.text
    # by hand, from another screen, in another's name
    for session, actor in ((first, SECOND), (elsewhere, SECOND), (elsewhere, "somebody")):
        own = await session.post(f"{there}/approve", {**approval, "actor": actor})
        assert (own.status_code, FIRST in own.text) == (409, True), own.text
    # nor by who works under the owner's login and is the same person
    as_owner = await owner.post(f"{there}/approve", {**approval, "actor": FIRST.upper()})
    assert as_owner.status_code == 409, as_owner.text
    # the first page says so to whom it waits for
    assert waits in (await second.get("/")).text
    assert waits not in (await first.get("/")).text
    # the other may, once: of two clicks one is told how it stands
    assert f'action="{there}/approve"' in (await second.get(there)).text
    one, two = await at_once(*(second.post(f"{there}/approve", approval) for _ in range(2)))
    assert sorted((one.status_code, two.status_code)) == [200, 409], (one.text, two.text)
    stands = one.text if one.status_code == 409 else two.text
    assert re.search(r"已复核|已预拨|现行|已审核|已批准|approved|paid", stands), stands


async def _case(console: ConsoleUnderTest) -> tuple[SignedIn, SignedIn, str]:
    """A case that waits for its decision."""
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    opening = {"region": REGION, "origin": "report", "kind": "hospital", "document": "立1号", "reason": "举报"}
    opening |= {"subject": await one_of(console, hospitals.c.hospital_id), "officers": "chen zhou"}
    opened = await first.post("/cases", opening)
    path = opened.url.path
    assert re.fullmatch(rf"/cases/{REGION}-C\d+", path), opened.text
    found = {"what": "串换", "clause": BASIS, "amount": "500", "began": "2019-02-01", "ended": "2019-02-28"}
    await first.post(f"{path}/finding", found)
    await first.post(f"{path}/propose", {"document": "提1号", "reason": "清楚"})
    return first, second, path


def _seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def test_a_case_that_was_proposed_anew_is_not_decided_unseen(console: ConsoleUnderTest) -> None:
    first, second, path = await _case(console)
    assert "须由另一人登录办理" in (await first.get(path)).text
    assert f'action="{path}/decide"' not in (await first.get(path)).text
    before = _seen((await second.get(path)).text)
    # meanwhile it is returned, more is found, and it is proposed again
    owner = await console.signed_in(OWNER)
    await owner.post(f"{path}/return", {"reason": "补查", "actor": "wu"})
    more = {"what": "虚记", "clause": BASIS, "amount": "90000", "began": "2019-02-01", "ended": "2019-02-28"}
    await first.post(f"{path}/finding", more)
    await first.post(f"{path}/propose", {"document": "提2号", "reason": "清楚"})
    decision = {"document": "决1号", "reason": "同意", "seen": before}
    for step in ("decide", "return"):
        stale = await second.post(f"{path}/{step}", decision)
        assert (stale.status_code, "重新提请" in stale.text) == (409, True), stale.text
    case = (await load_register(console.running.state.engine)).cases.get(path.rpartition("/")[2])
    assert case is not None
    assert case.status == "proposed"
    now = await second.post(f"{path}/decide", decision | {"seen": _seen((await second.get(path)).text)})
    assert "已决定" in now.text


async def _month(session: SignedIn) -> str:
    """The month that the form of a draft offers."""
    offered = re.search(r'name="month"[^>]*value="(20\d\d-\d\d)"', (await session.get("/clearing")).text)
    assert offered is not None
    return offered[1]


async def test_what_is_due_otherwise_than_it_was_shown_is_not_noted_as_paid(console: ConsoleUnderTest) -> None:
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    drafted = await first.post("/clearing/draft", {"region": REGION, "month": await _month(first)})
    path = drafted.url.path
    clearing_id = path.rpartition("/")[2]
    await second.post(f"{path}/approve")
    page = (await second.get(path)).text
    due = re.search(r'name="due" value="([^"]+)"', page)
    assert due is not None, page
    payee = next(
        row
        for row in (await listings.clearing(console.running.state.engine, clearing_id))["payments"]
        if row["status"] == "due"
    )
    one = {"payee": payee["payee"], "kind": payee["payee_kind"], "reference": "DUE-1", "due": payee["amount"]}
    assert "已登记拨付" in (await first.post(f"{path}/pay", one)).text
    stale = await second.post(f"{path}/pay", {"reference": "DUE-2", "due": due[1]})
    assert (stale.status_code, "请重新核对后登记" in stale.text) == (409, True), stale.text
    now = re.search(r'name="due" value="([^"]+)"', (await second.get(path)).text)
    assert now is not None
    assert now[1] != due[1]
    assert "已登记拨付" in (await second.post(f"{path}/pay", {"reference": "DUE-2", "due": now[1]})).text


async def test_all_accounts_are_those_that_were_shown(console: ConsoleUnderTest) -> None:
    key_file = key_file_of(Settings(data_dir=console.running.state.settings.data_dir), PAYEES)
    write_keys(key_file, PAYEES, [new_key()])
    keeper, owner = await console.signed_in("payee_keeper"), await console.signed_in(OWNER)
    async with console.running.state.engine.connect() as connection:
        some = (await connection.execute(select(hospitals.c.hospital_id).limit(2))).scalars().all()
    entered = []
    for place, hospital_id in enumerate(some):
        account = {"kind": "hospital", "payee": hospital_id, "holder": f"医院{place}", "bank": "上高农商行"}
        account |= {"account": f"6200000000{place}", "relation": "own"}
        entered.append((await keeper.post("/clearing/payees/enter", account)).url.path.rpartition("/")[2])
        if place == 0:
            shown = re.findall(r'name="shown" value="(\d+)"', (await owner.get("/clearing/payees/approval")).text)
    assert shown == entered[:1]
    assert "收款账户待复核" in (await owner.get("/")).text
    assert "收款账户待复核" not in (await keeper.get("/")).text
    approved = await owner.post("/clearing/payees/approval", {"actor": "zhou", "all": "yes", "shown": shown})
    assert "已复核账户 1 个" in approved.text
    assert 'name="shown" value="' + entered[1] in (await owner.get("/clearing/payees/approval")).text
    again = await owner.post("/clearing/payees/approval", {"actor": "zhou", "all": "yes", "shown": shown})
    assert (again.status_code, "已复核" in again.text) == (409, True)
    assert (await owner.post("/clearing/payees/approval", {"actor": "zhou", "all": "yes"})).status_code == 422


async def test_a_row_that_can_not_be_read_is_told_in_the_place_of_a_page_that_is_missing(
    console: ConsoleUnderTest,
) -> None:
    clerk, engine = await console.signed_in("ledger_writer"), console.running.state.engine
    hospital_id = await one_of(console, hospitals.c.hospital_id)
    there = (await clerk.post("/finance/prepayments", PREPAYMENT | {"hospital_id": hospital_id})).url.path
    await clerk.post("/clearing/draft", {"region": REGION, "month": await _month(clerk)})
    same = "kept WHERE kept.clearing_id = row.clearing_id"
    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE kept AS SELECT clearing_id, ranges FROM projections.clearings")
        await connection.exec_driver_sql("""UPDATE projections.clearings SET ranges = '{"basic.0": 1}'""")
    unreadable = await clerk.get(there)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE projections.clearings AS row SET ranges = kept.ranges FROM {same}")
    assert (unreadable.status_code, "读不出" in unreadable.text) == (409, True), unreadable.text
    assert (await clerk.get(there)).status_code == 200
    assert (await clerk.get("/finance/prepayments/360923-P999")).status_code == 404
