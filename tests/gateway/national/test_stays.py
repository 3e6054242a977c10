"""Stays over the national interface: each transaction from admission to reversal, and what goes wrong on the way."""

from typing import Any

import pytest

from tests.gateway.national.his import His, check_identities, diagnosis, figures, line, refusal
from tests.gateway.national.ledger import GatewayLedger

# 20,000 in scope at a hospital of tier 3 in 抚松, nobody poor (tests/cases/test_fusong.py)
LINES = [line("1", "12000.00"), line("2", 7500), line("3", 500.0, fulamt_ownpay_amt="500.00")]
TOTAL = "20000.00"
STRANGER = "P-stranger"


async def test_a_stay_from_admission_to_reversal(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    tried = await his.settle(mdtrt_id, TOTAL, infno="2303")
    check_identities(tried)
    assert tried["setlinfo"]["setl_id"] is None
    assert await ledger.claims(his.psn_no) == []
    told = await his.settle(mdtrt_id, TOTAL)
    check_identities(told)
    info = told["setlinfo"]
    assert figures(told) == figures(tried)
    assert info["fulamt_ownpay_amt"] == 500
    assert info["medins_setl_id"] == his.sent["2304"]["msgid"]
    assert (info["clr_type"], info["clr_optins"]) == ("21", "220621")
    # tier 3 of 抚松: 800, once a stay
    assert (tried["setlinfo"]["act_pay_dedc"], info["act_pay_dedc"]) == (None, 800)
    # to the fen what `claims statements` shows
    (statement,) = await ledger.claims(his.psn_no)
    assert statement["claim_id"] == info["setl_id"]
    assert statement["date"] == "2019-05-10"
    assert figures(told) == ledger.figures(statement)
    assert statement["patient_share"] != "20000.00"
    back = await his.take_back(told)
    check_identities(back)
    assert back["setlinfo"]["act_pay_dedc"] == -800
    assert figures(back) == {name: -value for name, value in figures(told).items()}
    (statement,) = await ledger.claims(his.psn_no)
    assert statement["status"] == "reversed"
    # and its lines may be changed and settled again
    await his.call("2302", {"data": [{"feedetl_sn": "3", "mdtrt_id": mdtrt_id, "psn_no": his.psn_no}]})
    again = await his.settle(mdtrt_id, "19500.00")
    assert again["setlinfo"]["setl_id"] != info["setl_id"]
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed", "settled"]


async def test_the_event_names_clerk_and_lines(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    (event,) = await ledger.events(his.psn_no, "discharge.recorded.v1")
    assert event["data"]["claim_id"] == told["setlinfo"]["setl_id"]
    assert event["actor"] == "W01"
    assert event["linesdigest"] == await ledger.digest_of_lines(mdtrt_id)
    assert event["data"]["bill"]["self_funded"] == "500.00"


async def test_settled_again_under_another_msgid_is_one_claim(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    first = await his.settle(mdtrt_id, TOTAL)
    second = await his.settle(mdtrt_id, TOTAL)
    assert second == first
    assert await his.again("2304") == first
    assert len(await ledger.claims(his.psn_no)) == 1


async def test_lines_of_a_settled_stay_stay(his: His) -> None:
    mdtrt_id = await his.stay(LINES)
    await his.settle(mdtrt_id, TOTAL)
    for call in (
        his.upload(mdtrt_id, [line("4", "1.00")]),
        his.call("2302", {"data": {"feedetl_sn": "0000", "mdtrt_id": mdtrt_id, "psn_no": his.psn_no}}),
        his.discharge(mdtrt_id),
        his.call("2405", {"data": {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}}),
        his.call("2404", {"data": {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}}),
    ):
        refused = await refusal(call)
        assert refused.infcode == -2
        assert "撤销结算(2305)" in refused.err_msg


async def test_the_total_is_that_of_the_lines(his: His) -> None:
    mdtrt_id = await his.stay(LINES)
    refused = await refusal(his.settle(mdtrt_id, "19999.99"))
    assert "19999.99" in refused.err_msg
    assert "20000.00" in refused.err_msg
    # the parts of a client that sends 0.00 or "" for what it does not know are passed over
    told = await his.settle(
        mdtrt_id, 20000, fulamt_ownpay_amt="0.00", overlmt_selfpay="", preselfpay_amt=None, inscp_scp_amt=0
    )
    assert told["setlinfo"]["fulamt_ownpay_amt"] == 500


async def test_parts_of_the_settlement_count_where_no_line_has_any(his: His) -> None:
    mdtrt_id = await his.stay([line("1", "1000.00"), line("2", "9000.00")])
    told = await his.settle(
        mdtrt_id, "10000", fulamt_ownpay_amt=400, overlmt_selfpay="100.5", preselfpay_amt="99.50", inscp_scp_amt=9400
    )
    info = told["setlinfo"]
    assert (info["fulamt_ownpay_amt"], info["overlmt_selfpay"], info["inscp_scp_amt"]) == (400, 100.5, 9400)


async def test_lines_sent_again_and_under_a_used_number(his: His) -> None:
    mdtrt_id = await his.admit()
    first = await his.upload(mdtrt_id, LINES[:2])
    assert await his.upload(mdtrt_id, LINES[:2]) == first
    again = await his.upload(mdtrt_id, [*LINES[:2], LINES[2]])
    assert again[:2] == first
    refused = await refusal(his.upload(mdtrt_id, [line("2", "7500.01")]))
    assert "feedetl_sn（费用明细流水号）2 已用于另一条明细" in refused.err_msg
    refused = await refusal(his.upload(mdtrt_id, [line(f"x{number}", 1) for number in range(101)]))
    assert "至多 100 条" in refused.err_msg


async def test_a_refund_takes_back_what_its_line_had(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.admit()
    charged = line("1", "300.00", cnt=3, pric=100, preselfpay_amt="30.00")
    await his.upload(mdtrt_id, [charged, line("2", "100.00")])
    refund = line("3", "-100.00", cnt="-1", pric=100, init_feedetl_sn="1")
    (told,) = await his.upload(mdtrt_id, [refund])
    assert (told["det_item_fee_sumamt"], told["preselfpay_amt"], told["inscp_scp_amt"]) == (-100, -10, -90)
    refused = await refusal(his.upload(mdtrt_id, [line("4", "-300.00", cnt=-3, pric=100, init_feedetl_sn="1")]))
    assert "原明细尚余数量 2、金额 200.00 元" in refused.err_msg
    refused = await refusal(his.upload(mdtrt_id, [line("5", "-1.00", cnt=-1, init_feedetl_sn="9")]))
    assert "init_feedetl_sn" in refused.err_msg
    refused = await refusal(his.call("2302", {"data": {"feedetl_sn": "1", "mdtrt_id": mdtrt_id, "psn_no": his.psn_no}}))
    assert "已有退费明细 3" in refused.err_msg
    await his.discharge(mdtrt_id)
    settled = await his.settle(mdtrt_id, "300.00")
    # 30 − 10 of the first line, nothing of the second
    assert settled["setlinfo"]["preselfpay_amt"] == 20


async def test_trial_before_discharge_settlement_after(his: His) -> None:
    mdtrt_id = await his.admit()
    await his.upload(mdtrt_id, LINES)
    refused = await refusal(his.settle(mdtrt_id, TOTAL))
    assert "请先办理出院(2402)" in refused.err_msg
    await his.discharge(mdtrt_id)
    check_identities(await his.settle(mdtrt_id, TOTAL, infno="2303"))


async def test_a_discharge_is_taken_back_and_told_anew(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    await his.call("2405", {"data": {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no, "exp_content": None}})
    assert "2402" in (await refusal(his.settle(mdtrt_id, TOTAL))).err_msg
    await his.discharge(mdtrt_id, on="2019-05-12")
    await his.settle(mdtrt_id, TOTAL)
    (statement,) = await ledger.claims(his.psn_no)
    assert statement["date"] == "2019-05-12"
    other = await his.admit()
    refused = await refusal(his.discharge(other, on="2019-04-30 09:00:00"))
    assert "早于入院时间" in refused.err_msg


async def test_a_changed_admission_is_changed_in_the_ledger(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.admit()
    changed = {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no, "begntime": "2019-05-03 09:00:00", "med_type": "24"}
    diagnoses = [diagnosis("E11.900", his.psn_no, main=False, order=2), diagnosis("I21.900", his.psn_no)]
    await his.call("2403", {"adminfo": changed, "diseinfo": diagnoses})
    admission = await ledger.admission(mdtrt_id)
    assert (admission["admitted_on"].isoformat(), admission["emergency"]) == ("2019-05-03", True)
    (told,) = await ledger.events(his.psn_no, "admission.changed.v1")
    assert told["data"]["diagnoses"] == ["I21.900", "E11.900"]
    # what changes nothing there is kept here alone
    await his.call("2403", {"adminfo": changed | {"adm_bed": "14"}, "diseinfo": diagnoses})
    assert len(await ledger.events(his.psn_no, "admission.changed.v1")) == 1


async def test_a_cancelled_admission(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.admit()
    key = {"data": {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}}
    await his.call("2404", key)
    assert (await ledger.admission(mdtrt_id))["cancelled"]
    await his.call("2404", key)
    assert "已撤销登记" in (await refusal(his.upload(mdtrt_id, LINES))).err_msg


async def test_what_the_ledger_refuses_is_told_in_chinese(his: His, ledger: GatewayLedger) -> None:
    stranger = await his.stay(LINES, STRANGER)  # whom nobody has enrolled
    refused = await refusal(his.settle(stranger, TOTAL, STRANGER))
    assert refused.infcode == -2
    assert "not_enrolled" in refused.err_msg
    # the same bytes are refused in the same words; once it is mended, another msgid settles the same stay
    assert (await refusal(his.again("2304"))).err_msg == refused.err_msg
    await ledger.enrol(STRANGER)
    check_identities(await his.settle(stranger, TOTAL, STRANGER))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"med_type": "11"}, "可用的有：21 普通住院"),
        ({"dise_codg": "M99999"}, "dise_codg（病种编码）M99999 没有对应的病种"),
        ({"begntime": "2019/13/01"}, "begntime（开始时间）"),
        ({"begntime": "2099-01-01"}, "晚于今天"),
        ({"insutype": ""}, "insutype（险种类型） 必填"),
        ({"psn_no": "P 1"}, "psn_no（人员编号） 格式不对"),
        ({"insutype": "居民"}, "insutype（险种类型） 格式不对"),
    ],
)
async def test_a_wrong_admission_is_refused_by_field(his: His, changed: dict[str, Any], told: str) -> None:
    refused = await refusal(his.admit(**changed))
    assert refused.infcode == -2
    assert told in refused.err_msg


async def test_each_hospital_sees_only_its_own(his: His, other_his: His) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    key = {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}
    for infno, given in (
        ("2402", {"dscginfo": key | {"endtime": "2019-05-10"}}),
        ("2403", {"adminfo": key}),
        ("2404", {"data": key}),
        ("2405", {"data": key}),
        ("2301", {"feedetail": [line("1", 1) | key]}),
        ("2302", {"data": key | {"feedetl_sn": "0000"}}),
        ("2303", {"data": key | {"medfee_sumamt": TOTAL, "insutype": "390"}}),
        ("2304", {"data": key | {"medfee_sumamt": TOTAL, "insutype": "390"}}),
        ("2305", {"data": key | {"setl_id": told["setlinfo"]["setl_id"]}}),
    ):
        refused = await refusal(other_his.call(infno, given))
        assert refused.infcode == -2
        assert "不存在" in refused.err_msg, infno
    wrong_person = await refusal(his.settle(mdtrt_id, TOTAL, "P-other"))
    assert "登记的人员编号不是 P-other" in wrong_person.err_msg


async def test_a_hospital_s_own_codes(other_his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await other_his.admit(med_type="2101", dise_codg="M00500")
    await other_his.upload(mdtrt_id, LINES)
    await other_his.discharge(mdtrt_id)
    await other_his.settle(mdtrt_id, TOTAL)
    (event,) = await ledger.events(other_his.psn_no, "discharge.recorded.v1")
    assert event["data"]["disease"] == "lung_cancer"
