"""Applications for clearing: kept once, withdrawn until a clearing took them (3203, 3204)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from events.county_time import COUNTY_TIME
from infra.access.logins import drop_login
from processors.clearing.draft import draft
from tests.clerk import clerk
from tests.gateway.national.county import FUSONG, GatewayCounty
from tests.gateway.national.his import His, line, refusal


def asked(**more: Any) -> dict[str, Any]:
    """``data`` of 3203 for this month."""
    now = datetime.now(COUNTY_TIME)
    stated = {"clr_type": "21", "clr_way": "1", "setlym": f"{now:%Y%m}", "psntime": 1, "medfee_sumamt": "20000.00"}
    stated |= {"med_sumfee": "20000.00", "fund_appy_sum": "10000.00", "cash_payamt": "10000.00", "acct_pay": 0}
    return {"data": stated | {"begndate": f"{now:%Y-%m}-01", "enddate": f"{now:%Y-%m-%d}"} | more}


async def applied(his: His, **more: Any) -> str:
    """3203; returns the application's number."""
    return str((await his.call("3203", asked(**more)))["result"]["clr_appy_evt_id"])


async def test_an_application_is_kept_once_and_withdrawn(his: His, other_his: His) -> None:
    number = await applied(his, clr_type="41")
    assert (await his.again("3203"))["result"]["clr_appy_evt_id"] == number
    assert f"已申请（{number}）" in (await refusal(applied(his, clr_type="41"))).err_msg
    assert await applied(his, clr_type="99") != number
    key = {"data": {"clr_appy_evt_id": number}}
    assert "不存在" in (await refusal(other_his.call("3204", key))).err_msg
    await his.call("3204", key)
    await his.call("3204", key)
    assert await applied(his, clr_type="41") != number


async def test_jilin_s_own_form_answers_at_the_root(his: His) -> None:
    given = asked(clr_optins="220699", clr_type="99")
    for name in ("clr_way", "setlym", "psntime"):
        del given["data"][name]
    number = (await his.call("3203A", given))["clr_appy_evt_id"]
    await his.call("3204A", {"data": {"clr_appy_evt_id": number, "clr_optins": "220699"}})


async def test_what_cannot_be_is_refused(his: His) -> None:
    for more, told in (
        ({"setlym": "202613"}, "setlym（结算年月） 格式不对"),
        ({"enddate": "2019-01-01"}, "早于 begndate（开始日期）"),
        ({"fund_appy_sum": None}, "fund_appy_sum（基金申报总额） 必填"),
    ):
        assert told in (await refusal(applied(his, **more))).err_msg


async def test_a_clearing_takes_it_and_the_bureau_sees_the_difference(county: GatewayCounty) -> None:
    his = county.his("H7")
    mdtrt_id = await his.stay([line("1", "20000.00")])
    info = (await his.settle(mdtrt_id, "20000.00"))["setlinfo"]
    number = await applied(his, fund_appy_sum=str(info["fund_pay_sumamt"] + 1))
    async with clerk(CLAIMS_DATABASE_URL=county.gateway.worker.database_url) as command:
        (row,) = [
            row for row in (await command("gateway", "applications", "--json")).rows if row["clr_appy_evt_id"] == number
        ]
        assert (row["state"], row["settled_count"], row["difference"]) == ("standing", 1, "1.00")
        assert row["fund_pay_told"] == f"{info['fund_pay_sumamt']:.2f}"
        month = datetime.now(COUNTY_TIME).date().replace(day=1)
        clearing = await draft(county.gateway.engine, FUSONG, month, "wang")
        assert (
            "已进入清算，不能撤销" in (await refusal(his.call("3204", {"data": {"clr_appy_evt_id": number}}))).err_msg
        )
        (row,) = [
            row
            for row in (await command("gateway", "applications", "--month", f"{month:%Y-%m}", "--json")).rows
            if row["clr_appy_evt_id"] == number
        ]
        assert (row["state"], row["clearing_id"]) == ("cleared", clearing)
    async with county.console() as console:
        for role, group in (("applied_clerk", "ledger_writer"), ("applied_inspector", "investigator")):
            try:
                session = await console.new_login(role, group)
                shown = await session.get("/clearing/applications")
                exported = await session.get("/clearing/applications", hospital="H7", format="json")
            finally:
                await drop_login(county.gateway.engine, role)
            assert shown.url.params["month"] == f"{month:%Y-%m}", "the last month that has any"
            [told] = exported.json()["rows"]
            assert (told["clr_appy_evt_id"], told["clearing_id"]) == (number, clearing)
            assert Decimal(told["difference"]) == Decimal(1)
            assert f'href="/clearing/{clearing}"' in shown.text
