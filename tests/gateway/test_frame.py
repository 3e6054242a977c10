"""The national interface's frame: one answer to one transaction, whatever is repeated, reversed or interrupted."""

import asyncio
import re
from typing import Any

import httpx
import orjson
import pytest
from msgspec import structs
from sqlalchemy import func, select, text

from infra.gateway import services as services_module
from infra.gateway.national.frame import lock_key
from processors.visits.hospital_settings import HospitalSettings
from processors.visits.transactions import transactions
from projections.statements import statements
from tests.gateway.harness import GatewayUnderTest, envelope, new_msgid
from tests.gateway.made_up_transactions import ANSWER_HELD, DONE, HELD
from tests.program import eventually

_END_HOLDER = text("""
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = hashtextextended(:key, 0)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
"""Ends the connection that holds a lock."""
DATA = {"data": {"psn_no": "P1", "total": "100.10"}}


async def claims_of(gateway: GatewayUnderTest, person: str) -> dict[str, str]:
    """The status of each claim of a person."""
    async with gateway.engine.connect() as connection:
        asked = select(statements.c.claim_id, statements.c.status).where(statements.c.person_id == person)
        return {row.claim_id: row.status for row in await connection.execute(asked)}


async def all_reversed(gateway: GatewayUnderTest, person: str) -> None:
    """Wait until settlement has reversed what claims a person has: the reversal itself is answered before."""

    async def reversed_() -> bool:
        return set((await claims_of(gateway, person)).values()) == {"reversed"}

    await eventually(reversed_)


async def state_of(gateway: GatewayUnderTest, infno: str, msgid: str) -> str | None:
    async with gateway.engine.connect() as connection:
        row = await connection.execute(
            select(transactions.c.state).where(transactions.c.infno == infno, transactions.c.msgid == msgid)
        )
        return row.scalar_one_or_none()


def reversal(msgid: str, infno: str = "TSET", person: str = "P1") -> dict[str, Any]:
    return {"data": {"psn_no": person, "omsgid": msgid, "oinfno": infno}}


async def test_sign_in_comes_first_and_the_answer_has_the_form_of_the_interface(gateway: GatewayUnderTest) -> None:
    answer = await gateway.call("9001", {"signIn": {"opter_no": "D001", "mac": "00-11", "ip": "10.0.0.1"}})
    assert (answer["infcode"], answer["err_msg"]) == (0, "")
    assert re.fullmatch(r"220621[0-9]{24}", answer["inf_refmsgid"])
    assert re.fullmatch(r"20[0-9]{15}", answer["refmsg_time"])
    assert re.fullmatch(r"20[0-9]{15}", answer["respond_time"])
    signed = answer["output"]["signinoutb"]
    assert re.fullmatch(r"[A-Za-z0-9]{1,30}", signed["sign_no"])
    assert re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]", signed["sign_time"])
    out = await gateway.call("9002", {"signOut": {"opter_no": "D001", "sign_no": signed["sign_no"]}})
    assert out["infcode"] == 0


@pytest.mark.parametrize("path", ["/", "/mbs/fmi/fsi/api/callFsiService/callService", "/ebus/x/hsa/hgs/9001"])
async def test_any_path_is_served(gateway: GatewayUnderTest, path: str) -> None:
    answer = orjson.loads(await gateway.post(envelope("9001", {"signIn": {"opter_no": "D001"}}), path=path))
    assert answer["infcode"] == 0


async def test_a_hospital_may_be_told_infcode_as_text(gateway: GatewayUnderTest) -> None:
    answer = await gateway.call("9001", {"signIn": {}}, hospital_id="H9")
    assert answer["infcode"] == "0"


async def test_the_same_call_is_done_once_and_answered_by_the_same_bytes(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", DATA)
    first = await gateway.post(request)
    answer = orjson.loads(first)
    assert answer["infcode"] == 0, answer
    assert answer["output"]["medfee_sumamt"] == 100.1
    assert (await claims_of(gateway, "P1"))[answer["output"]["setl_id"]] == "settled"
    # blanks, order, null and empty fields say nothing else; the time of sending may differ
    data = {"total": "100.10", "psn_no": "P1", "memo": "", "exp_content": None}
    again = await gateway.post(request | {"input": {"data": data}, "inf_time": "2019-05-06 09:01:00"})
    assert again == first
    assert DONE["TSET", request["msgid"]] == 1


async def test_the_same_msgid_with_another_input_is_refused(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P2", "total": "50"}})
    assert orjson.loads(await gateway.post(request))["infcode"] == 0
    other = orjson.loads(await gateway.post(request | {"input": {"data": {"psn_no": "P2", "total": "51"}}}))
    assert other["infcode"] == -2
    assert "请换新的msgid" in other["err_msg"]
    # the same msgid of another hospital, or in another transaction, is another call
    refused = await gateway.call("TREF", {"data": {}}, msgid=request["msgid"])
    assert "请先办理入院" in refused["err_msg"]
    assert len(await claims_of(gateway, "P2")) == 1


async def test_a_refusal_is_kept_too(gateway: GatewayUnderTest) -> None:
    request = envelope("TREF", {"data": {"psn_no": "P1"}})
    first = await gateway.post(request)
    assert orjson.loads(first)["infcode"] == -2
    assert await gateway.post(request) == first
    assert DONE["TREF", request["msgid"]] == 1
    # nothing was done that 2601 would take back
    assert (await gateway.call("2601", reversal(request["msgid"], "TREF")))["infcode"] == 0


async def test_what_the_ledger_refuses_is_told_in_its_words(gateway: GatewayUnderTest) -> None:
    answer = await gateway.call("TSET", {"data": {"psn_no": "P9"}}, hospital_id="H9")
    assert answer["infcode"] == "-2"
    assert "H9" in answer["err_msg"]


async def test_two_at_once_are_one(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P3"}})
    answers = await asyncio.gather(*(gateway.post(request) for _ in range(5)))
    assert len(set(answers)) == 1
    assert orjson.loads(answers[0])["infcode"] == 0
    assert DONE["TSET", request["msgid"]] == 1
    assert len(await claims_of(gateway, "P3")) == 1


async def test_two_gateways_are_one_to_a_transaction(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P4"}})
    async with gateway.another() as running, httpx.AsyncClient(timeout=30) as other:
        first, second = await asyncio.gather(
            gateway.post(request), other.post(running.url, content=orjson.dumps(request))
        )
    assert orjson.loads(first)["infcode"] == 0
    assert second.content == first
    assert DONE["TSET", request["msgid"]] == 1


async def test_a_question_is_answered_anew_and_leaves_nothing(gateway: GatewayUnderTest) -> None:
    request = envelope("TASK", {"data": {"psn_no": "P1", "empty": "", "none": None, "number": 12.50}})
    for times in (1, 2):
        answer = orjson.loads(await gateway.post(request))
        assert answer["infcode"] == 0, answer
        assert answer["output"]["input"] == {"data": {"psn_no": "P1", "number": 12.5}}
        assert answer["output"]["opter"] == "王收费"
        assert DONE["TASK", request["msgid"]] == times
    assert await state_of(gateway, "TASK", request["msgid"]) is None


async def test_a_transaction_is_taken_back_once(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P5"}})
    assert orjson.loads(await gateway.post(request))["infcode"] == 0
    again = envelope("2601", reversal(request["msgid"]))
    first = await gateway.post(again)
    assert orjson.loads(first) | {"output": {}} == orjson.loads(first)
    assert orjson.loads(first)["infcode"] == 0
    assert await gateway.post(again) == first
    assert (await gateway.call("2601", reversal(request["msgid"])))["infcode"] == 0
    assert DONE["undo", request["msgid"]] == 1
    await all_reversed(gateway, "P5")
    # and is not done when it comes again
    repeated = orjson.loads(await gateway.post(request))
    assert (repeated["infcode"], "已被冲正" in repeated["err_msg"]) == (-2, True)
    assert DONE["TSET", request["msgid"]] == 1


async def test_a_transaction_in_flight_ends_before_it_is_taken_back(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P6"}})
    HELD[request["msgid"]] = asyncio.Event()
    calling = asyncio.create_task(gateway.post(request))
    await eventually(lambda: DONE["TSET", request["msgid"]] > 0, lambda: "it did not begin")
    reversing = asyncio.create_task(gateway.call("2601", reversal(request["msgid"])))
    done, _ = await asyncio.wait({reversing}, timeout=0.3)
    assert not done
    HELD[request["msgid"]].set()
    assert orjson.loads(await calling)["infcode"] == 0
    assert (await reversing)["infcode"] == 0
    await all_reversed(gateway, "P6")


async def test_one_that_is_taken_back_after_its_lock_was_lost_is_not_told_as_done(gateway: GatewayUnderTest) -> None:
    """The connection that holds the locks ends under a call, and its reversal comes to another gateway."""
    request = envelope("TSET", {"data": {"psn_no": "P10", "total": "60"}})
    msgid = request["msgid"]
    ANSWER_HELD[msgid] = asyncio.Event()
    calling = asyncio.create_task(gateway.post(request))
    await eventually(lambda: DONE["settled", msgid] > 0, lambda: "the ledger did not settle")
    async with gateway.engine.connect() as connection:
        ended = await connection.execute(_END_HOLDER, {"key": lock_key("H1", "TSET", msgid)})
        assert ended.all() == [(True,)]
    async with gateway.another() as running, httpx.AsyncClient(timeout=30) as other:
        back = await other.post(running.url, content=orjson.dumps(envelope("2601", reversal(msgid))))
    assert back.json()["infcode"] == 0
    ANSWER_HELD[msgid].set()
    told = orjson.loads(await calling)
    assert (told["infcode"], "已被冲正" in told["err_msg"]) == (-2, True)
    assert await state_of(gateway, "TSET", msgid) == "withdrawn"
    await all_reversed(gateway, "P10")


async def test_one_that_never_came_is_not_done_when_it_comes(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P7"}})
    for _ in range(2):
        assert (await gateway.call("2601", reversal(request["msgid"])))["infcode"] == 0
    late = orjson.loads(await gateway.post(request))
    assert (late["infcode"], "已被冲正" in late["err_msg"]) == (-2, True)
    assert await claims_of(gateway, "P7") == {}
    assert DONE["undo", request["msgid"]] == 0


@pytest.mark.parametrize(
    ("input_", "said"),
    [
        ({}, "omsgid"),
        ({"data": {"omsgid": "M1"}}, "oinfno"),
        ({"data": {"omsgid": "M1", "oinfno": "3201"}}, "不能冲正"),
        ({"data": {"omsgid": "M1", "oinfno": "2601"}}, "不能冲正"),
    ],
)
async def test_a_reversal_that_names_nothing_to_reverse(gateway: GatewayUnderTest, input_: Any, said: str) -> None:
    answer = await gateway.call("2601", input_)
    assert answer["infcode"] == -2
    assert said in answer["err_msg"]


async def test_a_silent_ledger_is_told_and_the_transaction_goes_on_later(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time-out, then the same msgid again; and time-out, then 2601."""
    monkeypatch.setattr(services_module, "ANSWERED_WITHIN_S", 0.0)
    requests = [envelope("TSET", {"data": {"psn_no": "P8", "total": total}}) for total in ("10", "20")]
    for request in requests:
        answer = orjson.loads(await gateway.post(request))
        assert answer["infcode"] == -1
        assert "2601" in answer["err_msg"]
        assert await state_of(gateway, "TSET", request["msgid"]) == "open"
    monkeypatch.undo()
    first, second = requests
    settled = orjson.loads(await gateway.post(first))
    assert settled["infcode"] == 0
    assert (await gateway.call("2601", reversal(second["msgid"])))["infcode"] == 0
    assert await state_of(gateway, "TSET", second["msgid"]) == "withdrawn"
    assert await claims_of(gateway, "P8") == {settled["output"]["setl_id"]: "settled"}
    async with gateway.engine.connect() as connection:
        left = await connection.execute(text("SELECT count(*) FROM gateway.sent_events"))
        assert left.scalar_one() == 0


async def test_a_fault_of_the_program_leaves_the_transaction_open(gateway: GatewayUnderTest) -> None:
    request = envelope("TBAD", {"data": {}})
    for times in (1, 2):
        answer = orjson.loads(await gateway.post(request))
        assert answer["infcode"] == -1
        assert "以同一msgid重发" in answer["err_msg"]
        assert "fault" not in answer["err_msg"]
        assert DONE["TBAD", request["msgid"]] == times


async def test_hospitals_do_not_wait_for_each_other(gateway: GatewayUnderTest) -> None:
    """One hospital's connection is refused, and its calls wait; another's are answered meanwhile."""
    services = gateway.running.services
    refused = envelope("TSET", {"data": {"psn_no": "P9"}}, hospital_id="H2")
    known = dict(services.hospitals._known)
    services.hospitals._known = known | {"H2": _with_wrong_password(known["H2"])}
    try:
        stalled = [asyncio.create_task(gateway.post(refused)) for _ in range(3)]
        answer = await gateway.call("TSET", {"data": {"psn_no": "P9", "total": "30"}})
        assert answer["infcode"] == 0
        assert not any(task.done() for task in stalled)
    finally:
        services.hospitals._known = known
    answers = {await task for task in stalled}
    assert [orjson.loads(each)["infcode"] for each in answers] == [0]


def _with_wrong_password(settings: HospitalSettings) -> HospitalSettings:
    return structs.replace(settings, secrets=structs.replace(settings.secrets, password="wrong"))


async def test_answers_are_sealed_and_events_name_nobody(gateway: GatewayUnderTest) -> None:
    request = envelope("TSET", {"data": {"psn_no": "P2", "total": "77"}}, msgid=new_msgid("H1"))
    answer = orjson.loads(await gateway.post(request))
    async with gateway.engine.connect() as connection:
        reply = await connection.execute(select(transactions.c.reply).where(transactions.c.msgid == request["msgid"]))
        sealed = reply.scalar_one()
        count = await connection.execute(select(func.count()).where(transactions.c.reply.is_not(None)))
        assert count.scalar_one() > 0
    assert answer["output"]["setl_id"].encode() not in sealed
