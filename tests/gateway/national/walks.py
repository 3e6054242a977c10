"""Each transaction of the national interface once and well: stays, visits, purchases, and what is asked around them."""

from infra.gateway.national.registry import known_transactions
from tests.gateway.national.books import DayBook, packed, sendable, upload
from tests.gateway.national.county import FUSONG, JIAMUSI, LIAONING, GatewayCounty
from tests.gateway.national.his import His, line
from tests.gateway.national.test_clearing_applications import asked

INTERFACE = {infno for infno in known_transactions() if infno[0].isdigit()}
"""Without those that other tests make up (``made_up_transactions``), where one process runs both."""
LINES = [line("1", "12000.00"), line("2", 8000)]
TOTAL = "20000.00"
SPAN = {"begntime": "2019-01-01", "endtime": "2019-12-31"}


async def walk_stay(his: His) -> None:
    """A stay forth and back, and its reversals by message; another that stands."""
    mdtrt_id = await his.admit()
    key = {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no}
    await his.upload(mdtrt_id, [*LINES, line("3", 1)])
    await his.call("2302", {"data": key | {"feedetl_sn": "3"}})
    await his.call("2403", {"adminfo": key | {"adm_bed": "13"}})
    await his.discharge(mdtrt_id)
    await his.settle(mdtrt_id, TOTAL, infno="2303")
    told = await his.settle(mdtrt_id, TOTAL)
    await his.take_back(told)
    await his.withdraw("2305")
    await his.withdraw("2304")
    await his.call("2405", {"data": key})
    await his.call("2404", {"data": key})


async def stand_stay(his: His) -> None:
    """A stay that is settled, and what is asked of it."""
    mdtrt_id = await his.stay(LINES)
    told = await his.settle(mdtrt_id, TOTAL)
    person = {"psn_no": his.psn_no}
    key = person | {"mdtrt_id": mdtrt_id, "setl_id": told["setlinfo"]["setl_id"]}
    await his.call("1101", {"data": {"mdtrt_cert_type": "01", "mdtrt_cert_no": his.psn_no, "begntime": "2019-05-06"}})
    await his.call("5201", {"data": person | SPAN | {"med_type": "21"}})
    for infno in ("5202", "5203", "5261", "5204"):
        await his.call(infno, {"data": key})
    await his.call("5205", {"data": person | SPAN})
    await his.call("5206", {"data": person | {"cum_ym": "201905"}})


async def walk_visit(his: His) -> None:
    """A visit, what is asked of the day, and an application for clearing."""
    mdtrt_id = await his.register()
    for infno in ("2203", "2203A"):
        await his.describe(mdtrt_id, "11", infno)
    for batch in ("B0", "B1"):
        await his.upload_batch(mdtrt_id, batch, [line(f"{batch}-1", 100)])
    await his.call("2205", {"data": {"mdtrt_id": mdtrt_id, "psn_no": his.psn_no, "chrg_bchno": "B0"}})
    await his.settle_batch(mdtrt_id, "B1", 100, infno="2206")
    told = await his.settle_batch(mdtrt_id, "B1", 100)
    await his.take_back(told, "2208")
    other = await his.register()
    await his.call("2202", {"data": {"mdtrt_id": other, "psn_no": his.psn_no, "ipt_otp_no": "M0001"}})
    stated = sendable(DayBook().stated())
    await his.call("3201", {"data": stated})
    number = await upload(his, packed([["S", "M", "P", 1, 1, 0]]))
    answered = await his.call("3202", {"data": stated | {"file_qury_no": number}})
    his.sent["9102"] = his.envelope("9102", {"fsDownloadIn": {**answered["fileinfo"], "fixmedins_code": his.code}})
    for apply, back in (("3203", "3204"), ("3203A", "3204A")):
        applied = await his.call(apply, asked(clr_type="11"))
        key = {"clr_appy_evt_id": applied.get("result", applied)["clr_appy_evt_id"], "clr_optins": "220621"}
        await his.call(back, {"data": key})


async def walk_purchase(his: His) -> None:
    """A purchase, and back; signing in and out."""
    await his.call("9001", {"signIn": {"opter_no": "D001", "mac": "", "ip": ""}})
    bought = {"psn_no": his.psn_no, "begntime": "2019-05-07", "medfee_sumamt": 9, "insutype": "390"}
    given = {"druginfo": bought, "drugdetail": [line("1", 9)]}
    await his.call("2101", given)
    await his.take_back(await his.call("2102", given), "2103")
    await his.call("9002", {"signOut": {"sign_no": "1", "opter_no": "D001"}})


async def every_transaction(county: GatewayCounty, code: str) -> list[His]:
    """A hospital's programs that have sent each transaction; all that they billed is taken back but one stay."""
    programs = [county.his(code, region) for region in (FUSONG, FUSONG, JIAMUSI, LIAONING)]
    for his, walk in zip(programs, (walk_stay, stand_stay, walk_visit, walk_purchase), strict=True):
        await walk(his)
    return programs
