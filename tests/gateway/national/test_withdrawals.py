"""2601: what each transaction has done is undone, whenever it comes and however often."""

import asyncio

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
