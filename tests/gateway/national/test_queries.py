"""What a hospital asks of its own visits over the national interface (5201 to 5206, 5261), and of nobody else's."""

from typing import Any

import pytest

from infra.access.logins import drop_login
from processors.access_log.listings import look_rows
from tests import facts
from tests.clerk import clerk
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import His, check_identities, figures, line, refusal
from tests.gateway.national.ledger import GatewayLedger

LINES = [line("1", "19500.00"), line("2", "500.00", fulamt_ownpay_amt="500.00")]
TOTAL = "20000.00"
SPAN = {"begntime": "2019-01-01", "endtime": "2019-12-31"}


async def test_a_stay_is_found_with_diagnoses_lines_and_settlement(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    person = {"psn_no": his.psn_no}
    key = person | {"mdtrt_id": mdtrt_id, "setl_id": told["setlinfo"]["setl_id"]}
    (visit,) = (await his.call("5201", {"data": person | SPAN | {"med_type": "21"}}))["mdtrtinfo"]
    assert (visit["mdtrt_id"], visit["begntime"], visit["ipt_days"]) == (mdtrt_id, "2019-05-01 08:00:00", 9)
    assert visit["adm_dept_name"] == "内科"
    assert "mdtrt_cert_no" not in visit
    assert (await his.call("5201", {"data": person | SPAN | {"med_type": "11"}}))["mdtrtinfo"] == []
    diagnoses = (await his.call("5202", {"data": key}))["diseinfo"]
    assert [each["inout_diag_type"] for each in diagnoses] == ["1", "2"]
    for infno in ("5203", "5261"):
        found = await his.call(infno, {"data": key})
        check_identities(found)
        assert figures(found) == figures(told)
        assert found["resetlinfo"] == []
        info = found["setlinfo"]
        assert (info["psn_pay"], info["cash_payamt"]) == (info["psn_part_amt"], info["psn_cash_pay"])
        assert (info["refd_setl_flag"], info["begndate"], info["enddate"]) == ("0", "2019-05-01", "2019-05-10")
    for given in (key, person | {"mdtrt_id": mdtrt_id}):
        lines = await his.call("5204", {"data": given})
        assert [each["det_item_fee_sumamt"] for each in lines] == [19500, 500]
        assert lines[1]["fulamt_ownpay_amt"] == 500
        assert lines[0]["bilg_dr_name"] == "李医生"
    sums = (await his.call("5206", {"data": person | {"cum_ym": "201905"}}))["cuminfo"]
    by_code = {each["cum_type_code"]: each["cum"] for each in sums}
    assert by_code["C0000"] == 1
    assert by_code["D390101"] == told["setlinfo"]["hifp_pay"]
    assert by_code["Q0000"] > 0
    await his.take_back(told)
    assert (await his.call("5203", {"data": key}))["setlinfo"]["refd_setl_flag"] == "1"
    assert [each["status"] for each in await ledger.claims(his.psn_no)] == ["reversed"]
    after = (await his.call("5206", {"data": person | {"cum_ym": "201905"}}))["cuminfo"]
    assert next(each["cum"] for each in after if each["cum_type_code"] == "C0000") == 0


async def test_a_bureau_s_reversal_is_told(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    setl_id = told["setlinfo"]["setl_id"]
    await ledger.publish([facts.reverse(setl_id)])
    found = await his.call("5203", {"data": {"psn_no": his.psn_no, "mdtrt_id": mdtrt_id, "setl_id": setl_id}})
    assert found["setlinfo"]["refd_setl_flag"] == "1"
    (stands,) = found["resetlinfo"]
    assert (stands["medfee_sumamt"], stands["fund_pay_sumamt"]) == (0, 0)
    assert stands["fund_pay_sumamt_diff"] == -told["setlinfo"]["fund_pay_sumamt"]


async def test_a_late_fact_is_told_with_the_difference(his: His, ledger: GatewayLedger) -> None:
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    await ledger.publish([facts.roster(his.psn_no, on="2019-01-01")])
    (statement,) = await ledger.claims(his.psn_no)
    now = ledger.figures(statement)
    assert now != figures(told)
    key = {"psn_no": his.psn_no, "mdtrt_id": mdtrt_id, "setl_id": told["setlinfo"]["setl_id"]}
    found = await his.call("5203", {"data": key})
    assert figures(found) == figures(told)
    (changed,) = found["resetlinfo"]
    assert {name: changed[name] for name in now} == now
    assert {name: changed[f"{name}_diff"] for name in now} == {name: now[name] - figures(told)[name] for name in now}
    assert changed["revision"] == statement["revision"]


async def test_chronic_lines_are_those_of_claims_that_stand(his: His) -> None:
    mdtrt_id = await his.register()
    await his.describe(mdtrt_id, "14", dise_codg="M03900")
    await his.upload_batch(mdtrt_id, "B1", [line("1", 100), line("2", 50, fee_ocur_time="2019-05-06 09:00:00")])
    asked = {"data": {"psn_no": his.psn_no, "begntime": "2019-05-06", "endtime": "2019-05-06"}}
    assert (await his.call("5205", asked))["feedetail"] == []
    told = await his.settle_batch(mdtrt_id, "B1", 150, "14")
    (found,) = (await his.call("5205", asked))["feedetail"]
    assert (found["feedetl_sn"], found["setl_id"]) == ("2", told["setlinfo"]["setl_id"])
    await his.take_back(told, "2208")
    assert (await his.call("5205", asked))["feedetail"] == []


@pytest.mark.parametrize("infno", ["5202", "5203", "5204", "5261"])
async def test_another_hospital_s_visit_is_none(his: His, other_his: His, infno: str) -> None:
    mdtrt_id = await his.stay(LINES)
    setl_id = (await his.settle(mdtrt_id, TOTAL))["setlinfo"]["setl_id"]
    key: dict[str, Any] = {"psn_no": his.psn_no, "mdtrt_id": mdtrt_id, "setl_id": setl_id}
    assert "不存在" in (await refusal(other_his.call(infno, {"data": key}))).err_msg
    # nor through a visit of its own
    own = await other_his.admit(his.psn_no, med_type="2101")
    if infno != "5202":
        refused = await refusal(other_his.call(infno, {"data": key | {"mdtrt_id": own}}))
        assert f"不是就诊 {own} 的结算" in refused.err_msg


async def test_lists_hold_the_hospital_s_own_alone(his: His, other_his: His) -> None:
    mdtrt_id = await his.register()
    await his.describe(mdtrt_id, "14", dise_codg="M03900")
    await his.upload_batch(mdtrt_id, "B1", [line("1", 100)])
    await his.settle_batch(mdtrt_id, "B1", 100, "14")
    asked = {"data": {"psn_no": his.psn_no} | SPAN}
    assert len((await his.call("5201", asked))["mdtrtinfo"]) == 1
    assert (await other_his.call("5201", asked))["mdtrtinfo"] == []
    assert len((await his.call("5205", asked))["feedetail"]) == 1
    assert (await other_his.call("5205", asked))["feedetail"] == []


async def test_lines_and_looks_are_listed_for_investigators(his: His, county: GatewayCounty) -> None:
    mdtrt_id = await his.stay(LINES)
    claim = (await his.settle(mdtrt_id, TOTAL))["setlinfo"]["setl_id"]
    await his.call("5201", {"data": {"psn_no": his.psn_no} | SPAN})
    async with clerk(CLAIMS_DATABASE_URL=county.gateway.worker.database_url) as run:
        first, second = (await run("gateway", "lines", claim, "--json")).rows
        assert (first["line"], first["amount"], first["in_scope"]) == ("1", "19500.00", "19500.00")
        assert (second["self_funded"], second["priced_by"], second["clerk"]) == ("500.00", "hospital", "W01")
        assert b"19,500.00" in (await run("gateway", "lines", claim)).out
        assert (await run("gateway", "lines", "C-nowhere", "--json")).rows == []
        (look,) = (await run("gateway", "looks", "--person", his.psn_no, "--json")).rows
        assert (look["fixmedins_code"], look["infno"]) == ("H1", "5201")
        assert (await run("gateway", "looks", "--hospital", "H2", "--person", his.psn_no, "--json")).rows == []
        looks = (await run("access", "log", "--person", his.psn_no, "--json")).rows
        assert [(each["page"], each["login"]) for each in looks] == [("fee lines", "claims")] * 2


async def test_a_claim_s_page_shows_its_lines_to_each_role_that_opens_it(his: His, county: GatewayCounty) -> None:
    claim = (await his.settle(await his.stay(LINES), TOTAL))["setlinfo"]["setl_id"]
    engine = county.gateway.engine
    async with county.console() as console:
        for role, group in (("lines_clerk", "ledger_writer"), ("lines_inspector", "investigator")):
            try:
                session = await console.new_login(role, group)
                if group == "investigator":
                    asked = await session.get(f"/claims/{claim}")
                    assert asked.url.path == "/access/purpose"
                    await session.post("/access/purpose", {"reason": "核对明细"})
                page = (await session.get(f"/claims/{claim}")).text.partition("费用明细")[2].partition("</table>")[0]
            finally:
                await drop_login(engine, role)
            assert page.count("<tr><td") == 2
            assert all(told in page for told in ("19,500.00", "500.00", "医院"))
        try:
            leader = await console.new_login("lines_leader", "leader")
            assert (await leader.get(f"/claims/{claim}")).status_code == 403
        finally:
            await drop_login(engine, "lines_leader")
    looks = [dict(row) async for row in look_rows(engine, person_id=his.psn_no)]
    told = [(each["login"], each["page"], each["reason"]) for each in looks]
    assert told == [("lines_inspector", "claim", "核对明细"), ("lines_clerk", "claim", None)]
