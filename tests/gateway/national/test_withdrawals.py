"""2601: what each transaction has done is undone, whenever it comes and however often."""

import asyncio

import pytest
from msgspec import structs

from infra.gateway import services
from processors.visits.visits import insert_visit, load_visit
from tests import facts
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import His, check_identities, figures, line, refusal
from tests.gateway.national.ledger import GatewayLedger

LINES = [line("1", "12000.00"), line("2", 8000)]
TOTAL = "20000.00"


async def test_a_settlement_is_withdrawn_and_the_stay_settled_anew(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    await his.withdraw("2304")
    await his.withdraw("2304")
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed"]
    anew = await his.settle(mdtrt_id, TOTAL)
    assert figures(anew) == figures(told)
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed", "settled"]


async def test_a_withdrawn_reversal_claims_the_same_bill_under_the_same_number(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    await his.take_back(told)
    await his.withdraw("2305")
    await his.withdraw("2305")
    reversed_, standing = await ledger.claims(his.psn_no)
    assert (reversed_["status"], standing["status"]) == ("reversed", "settled")
    assert ledger.figures(standing) == figures(told)
    again = await his.settle(mdtrt_id, TOTAL)
    assert again["setlinfo"]["setl_id"] == told["setlinfo"]["setl_id"]
    check_identities(again)
    # the hospital reverses it under the number that it knows
    await his.take_back(told)
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed", "reversed"]


async def test_a_reversal_whose_lines_were_changed_since_stays(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    await his.take_back(told)
    await his.upload(mdtrt_id, [line("3", "1.00")])
    assert "撤销后明细已变更" in (await refusal(his.withdraw("2305"))).err_msg
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed"]


async def test_an_admission_is_withdrawn(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.admit()
    await his.upload(mdtrt_id, LINES)
    await his.withdraw("2401")
    await his.withdraw("2401")
    assert (await ledger.admission(mdtrt_id))["cancelled"]
    assert "已撤销登记" in (await refusal(his.discharge(mdtrt_id))).err_msg


async def test_a_visit_is_withdrawn(city_his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await city_his.register()
    await city_his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    told = await city_his.settle_batch(mdtrt_id, "B1", 100)
    await city_his.withdraw("2207")
    assert figures(await city_his.settle_batch(mdtrt_id, "B1", 100)) == figures(told)
    assert [each["status"] for each in await ledger.claims(city_his.psn_no)] == ["reversed", "settled"]


async def test_a_purchase_is_withdrawn_and_its_reversal_too(province_his: His, ledger: GatewayLedger) -> None:
    bought = {"psn_no": province_his.psn_no, "begntime": "2019-05-07", "medfee_sumamt": 9, "insutype": "390"}
    given = {"druginfo": bought, "drugdetail": [line("1", 9)]}
    await province_his.call("2102", given)
    await province_his.withdraw("2102")
    told = await province_his.call("2102", given)
    await province_his.take_back(told, "2103")
    await province_his.withdraw("2103")
    statuses = [each["status"] for each in await ledger.claims(province_his.psn_no)]
    assert statuses == ["reversed", "reversed", "settled"]


async def test_a_withdrawn_reversal_of_a_visit(city_his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await city_his.register()
    await city_his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    told = await city_his.settle_batch(mdtrt_id, "B1", 100)
    await city_his.take_back(told, "2208")
    await city_his.withdraw("2208")
    assert [each["status"] for each in await ledger.claims(city_his.psn_no)] == ["reversed", "settled"]
    assert (await city_his.settle_batch(mdtrt_id, "B1", 100))["setlinfo"]["setl_id"] == told["setlinfo"]["setl_id"]


async def test_two_settlements_at_once_are_one_claim(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    answers = await asyncio.gather(*(his.settle(mdtrt_id, TOTAL) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await ledger.claims(his.psn_no)) == 1


async def test_what_a_bureau_has_reversed_is_settled_anew(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    await ledger.reverse(told["setlinfo"]["setl_id"])
    anew = await his.settle(mdtrt_id, TOTAL)
    assert anew["setlinfo"]["setl_id"] != told["setlinfo"]["setl_id"]
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed", "settled"]


async def test_a_settlement_that_was_never_answered_is_withdrawn(
    his: His, ledger: GatewayLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mdtrt_id = await his.stay(LINES)
    with monkeypatch.context() as silent:
        silent.setattr(services, "ANSWERED_WITHIN_S", 0.0)  # the ledger may have heard of it, and may not
        refused = await refusal(his.settle(mdtrt_id, TOTAL))
        assert (refused.infcode, "结算超时" in refused.err_msg) == (-1, True)
    await his.withdraw("2304")
    await his.withdraw("2304")
    assert "settled" not in [each["status"] for each in await ledger.claims(his.psn_no)]
    assert "已被冲正" in (await refusal(his.again("2304"))).err_msg
    check_identities(await his.settle(mdtrt_id, TOTAL))
    assert [each["status"] for each in await ledger.claims(his.psn_no)].count("settled") == 1


async def test_a_claim_whose_admission_the_ledger_lacks_waits_for_nothing(
    his: His, county: GatewayCounty, ledger: GatewayLedger
) -> None:
    known = await his.stay(LINES)
    # a visit that a restored database has, and the ledger has not
    lost = f"{his.code}M{999_999:012d}"
    async with county.gateway.engine.begin() as connection:
        visit = await load_visit(connection, known)
        assert visit is not None
        await insert_visit(connection, structs.replace(visit, mdtrt_id=lost))
    await his.upload(lost, LINES)
    refused = await refusal(his.settle(lost, TOTAL))
    assert f"入院登记 {lost} 尚未登记" in refused.err_msg
    # what is admitted later is not billed behind the hospital's back; its lines may be changed, and settled then
    await ledger.publish([facts.admit(lost, his.psn_no, on="2019-05-01")])
    assert await ledger.claims(his.psn_no) == []
    await his.upload(lost, [line("3", "1.00")])
    check_identities(await his.settle(lost, "20001.00"))


async def test_an_interim_bill_that_is_refused_gives_its_lines_back(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.admit()
    await his.upload(mdtrt_id, LINES)
    for infno in ("2303", "2304"):
        refused = await refusal(his.settle(mdtrt_id, TOTAL, infno=infno, mid_setl_flag="1"))
        assert refused.infcode == -2, refused.err_msg
        assert "not_enrolled" in refused.err_msg  # on the last 31 December
    await his.discharge(mdtrt_id)
    assert "只有跨年住院" in (await refusal(his.settle(mdtrt_id, TOTAL, mid_setl_flag=1))).err_msg
    check_identities(await his.settle(mdtrt_id, TOTAL))
    (statement,) = await ledger.claims(his.psn_no)
    assert statement["total"] == TOTAL
