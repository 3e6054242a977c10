"""Outpatient visits and purchases over the national interface: each transaction, and what goes wrong on the way."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.national.his import CallRefused, His, check_identities, figures, line, refusal
from tests.gateway.national.ledger import GatewayLedger

LINES = [line("1", "200.00"), line("2", "40.00", preselfpay_amt="4.00")]
CHRONIC = {"med_type": "14", "dise_codg": "M03900"}


async def test_a_chronic_visit_from_registration_to_reversal(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.register()
    await his.describe(mdtrt_id, **CHRONIC)
    fees = await his.upload_batch(mdtrt_id, "B1", LINES)
    assert [fee["inscp_scp_amt"] for fee in fees] == [200, 36]
    tried = await his.settle_batch(mdtrt_id, "B1", "240.00", "14", infno="2206")
    check_identities(tried)
    assert await ledger.claims(his.psn_no) == []
    told = await his.settle_batch(mdtrt_id, "B1", "240.00", "14")
    check_identities(told)
    assert figures(told) == figures(tried)
    (statement,) = await ledger.claims(his.psn_no)
    assert (statement["setting"], statement["date"]) == ("chronic", "2019-05-06")
    assert ledger.figures(statement) == figures(told)
    assert told["setlinfo"]["fund_pay_sumamt"] > 0
    assert told["setlinfo"]["clr_type"] == "11"
    back = await his.take_back(told, "2208")
    assert back["setlinfo"]["pdn_cash_pay"] == back["setlinfo"]["psn_cash_pay"] == -told["setlinfo"]["psn_cash_pay"]
    key = {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}
    await his.call("2205", {"data": key | {"chrg_bchno": "B1"}})
    await his.call("2202", {"data": key | {"ipt_otp_no": "M0001"}})
    assert "已撤销登记" in (await refusal(his.upload_batch(mdtrt_id, "B2", LINES))).err_msg


async def test_batches_are_settled_each_by_itself(city_his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await city_his.register()
    await city_his.describe(mdtrt_id, "11", "2203")
    await city_his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    await city_his.upload_batch(mdtrt_id, "B2", [line("2", 50)])
    first = await city_his.settle_batch(mdtrt_id, "B1", 100)
    assert "收费批次 B1 已结算" in (await refusal(city_his.upload_batch(mdtrt_id, "B1", [line("3", 1)]))).err_msg
    # a line's number is the visit's, whatever the batch
    assert "已用于另一条明细" in (await refusal(city_his.upload_batch(mdtrt_id, "B2", [line("1", 1)]))).err_msg
    second = await city_his.settle_batch(mdtrt_id, "B2", 50)
    assert first["setlinfo"]["setl_id"] != second["setlinfo"]["setl_id"]
    assert [each["total"] for each in await ledger.claims(city_his.psn_no)] == ["100.00", "50.00"]
    assert await city_his.settle_batch(mdtrt_id, "B1", 100) == first
    await city_his.upload_batch(mdtrt_id, "B3", [line("4", 9)])
    everything = {"data": {"mdtrt_id": mdtrt_id, "psn_no": city_his.psn_no, "chrg_bchno": "0000"}}
    await city_his.call("2205", everything)
    assert "没有未结算的费用明细" in (await refusal(city_his.settle_batch(mdtrt_id, "B3", 9))).err_msg
    assert "请先撤销结算(2208)" in (await refusal(city_his.call("2202", everything))).err_msg


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"med_type": "21"}, "可用的有：11 普通门诊"),
        ({"med_type": "14"}, "须有病种"),
        ({"med_type": "11", "chrg_bchno": "B9"}, "没有未结算的费用明细"),
        ({"med_type": "11", "medfee_sumamt": "239.99"}, "之和 240.00 不符"),
    ],
)
async def test_a_wrong_settlement_is_refused(his: His, given: Mapping[str, Any], told: str) -> None:
    mdtrt_id = await his.register()
    await his.upload_batch(mdtrt_id, "B1", LINES)
    asked = {"chrg_bchno": "B1", "medfee_sumamt": "240.00", **given}
    batch, total, med_type = asked["chrg_bchno"], asked["medfee_sumamt"], asked["med_type"]
    for infno in ("2206", "2207"):
        assert told in (await refusal(his.settle_batch(mdtrt_id, batch, total, med_type, infno=infno))).err_msg


async def test_a_disease_comes_from_the_batch_or_the_visit(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.register()
    lines = [line("1", 100, dise_codg="M01600"), line("2", 100, dise_codg="M03900")]
    await his.upload_batch(mdtrt_id, "B1", lines)
    assert "只能有一个病种" in (await refusal(his.settle_batch(mdtrt_id, "B1", 200, "14"))).err_msg
    # no card for diabetes
    await his.upload_batch(mdtrt_id, "B2", [line("3", 100, dise_codg="diabetes")])
    assert "chronic_card_missing" in (await refusal(his.settle_batch(mdtrt_id, "B2", 100, "14"))).err_msg
    await his.upload_batch(mdtrt_id, "B3", [line("4", 100, dise_codg="M03900")])
    await his.settle_batch(mdtrt_id, "B3", 100, "14")
    assert len(await ledger.claims(his.psn_no)) == 1
    refused = await refusal(his.describe(mdtrt_id, "14", dise_codg="M77777"))
    assert "M03900 高血压" in refused.err_msg


async def test_an_emergency_and_a_birth_are_told_to_the_ledger(city_his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await city_his.register()
    for batch, med_type in (("B1", "13"), ("B2", "51")):
        await city_his.upload_batch(mdtrt_id, batch, [line(batch, 100)])
        await city_his.settle_batch(mdtrt_id, batch, 100, med_type)
    urgent, birth = await ledger.events(city_his.psn_no, "outpatient.recorded.v1")
    assert urgent["data"]["emergency"] is True
    assert birth["data"]["stay_kind"] == "maternity"


PURCHASE = {"begntime": "2019-05-06 15:00:00", "medfee_sumamt": "60.50", "insutype": "390", "med_type": "41"}


async def test_a_purchase_and_its_reversal(province_his: His, ledger: GatewayLedger) -> None:
    given = {
        "druginfo": PURCHASE
        | {"psn_no": province_his.psn_no, "mdtrt_cert_type": "01", "mdtrt_cert_no": "x", "invono": None},
        "drugdetail": [line("1", "60.50", rxno="", sin_dos_dscr="1片")],
    }
    tried = await province_his.call("2101", given)
    check_identities(tried)
    assert (tried["setlinfo"]["setl_id"], tried["setlinfo"]["mdtrt_id"]) == (None, None)
    told = await province_his.call("2102", given)
    check_identities(told)
    assert figures(told) == figures(tried)
    assert [each["feedetl_sn"] for each in told["detlcutinfo"]] == ["1"]
    assert await province_his.again("2102") == told
    (statement,) = await ledger.claims(province_his.psn_no)
    assert (statement["setting"], ledger.figures(statement)) == ("pharmacy", figures(told))
    assert told["setlinfo"]["clr_type"] == "41"
    back = await province_his.take_back(told, "2103")
    assert figures(back) == {name: -value for name, value in figures(told).items()}
    assert (await province_his.take_back(told, "2103"))["setlinfo"] == back["setlinfo"]


async def test_a_visit_is_not_settled_as_a_stay(his: His) -> None:
    mdtrt_id = await his.register()
    await his.upload_batch(mdtrt_id, "B1", LINES)
    assert "是门诊，不能用于本交易" in (await refusal(his.settle(mdtrt_id, "240.00"))).err_msg
    stay = await his.admit()
    with pytest.raises(CallRefused, match="是住院，不能用于本交易"):
        await his.upload_batch(stay, "B1", LINES)


async def test_each_hospital_sees_only_its_own_visits(city_his: His, other_his: His) -> None:
    mdtrt_id = await city_his.register()
    await city_his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    told = await city_his.settle_batch(mdtrt_id, "B1", 100)
    key = {"mdtrt_id": mdtrt_id, "psn_no": city_his.psn_no}
    bill = key | {"medfee_sumamt": 100, "insutype": "390", "med_type": "11", "chrg_bchno": "B1"}
    for infno, given in (
        ("2202", {"data": key}),
        ("2203", {"mdtrtinfo": key | {"med_type": "11", "begntime": "2019-05-06"}}),
        ("2204", {"feedetail": [line("2", 1) | key | {"chrg_bchno": "B1"}]}),
        ("2205", {"data": key | {"chrg_bchno": "0000"}}),
        ("2206", {"data": bill}),
        ("2207", {"data": bill}),
        ("2208", {"data": key | {"setl_id": told["setlinfo"]["setl_id"]}}),
    ):
        assert "不存在" in (await refusal(other_his.call(infno, given))).err_msg, infno


async def test_a_refund_of_a_purchase_takes_back_a_charge_of_it(province_his: His) -> None:
    bought = {"psn_no": province_his.psn_no, "begntime": "2019-05-07", "insutype": "390"}
    back = {"cnt": -1, "init_feedetl_sn": "1"}
    lines = [line("1", 9, cnt=2, pric="4.50"), line("2", "-4.50", pric="4.50", **back)]
    given = {"druginfo": bought | {"medfee_sumamt": "4.50"}, "drugdetail": lines}
    assert (await province_his.call("2101", given))["setlinfo"]["medfee_sumamt"] == Decimal("4.5")
    elsewhere = [lines[0], lines[1] | {"init_feedetl_sn": "X7"}]
    refused = await refusal(province_his.call("2102", given | {"drugdetail": elsewhere}))
    assert "init_feedetl_sn" in refused.err_msg
