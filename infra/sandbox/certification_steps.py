"""The steps of the certification, in the order in which a hospital comes to them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx
import orjson

from infra.sandbox.certification import (
    CertificationRun,
    Step,
    StepFunction,
    borne,
    check_identities,
    require,
)
from infra.sandbox.county import REGION, persons
from infra.sandbox.day_book import packed_line, stated_sums, verdict_on
from infra.sandbox.reference_his import CallFailed, ReferenceHis, output_of, settlement

_TOTAL = "6000.00"
STEPS: list[Step] = []


def _step(key: str, infnos: str, name: str, name_en: str) -> Callable[[StepFunction], StepFunction]:
    def register(function: StepFunction) -> StepFunction:
        STEPS.append(Step(key, tuple(infnos.split()), name, name_en, function))
        return function

    return register


@_step("sign_in", "9001", "签到", "sign in")
async def _sign_in(run: CertificationRun) -> None:
    output = await run.hospital.call("9001", {"signIn": {"opter_no": "D001", "mac": "", "ip": ""}})
    require(bool(output["signinoutb"]["sign_no"]), "没有签到编号 no sign_no")


@_step("person", "1101", "人员信息查询", "a person by certificate")
async def _person(run: CertificationRun) -> None:
    who = persons()[0].identity
    data = {"mdtrt_cert_type": "02", "mdtrt_cert_no": who.certificate, "begntime": run.hospital.moment(0)}
    output = await run.hospital.call("1101", {"data": data})
    told = output["baseinfo"]["psn_no"], output["baseinfo"]["psn_name"]
    require(told == (who.person_id, who.name), f"{told} ≠ {who.person_id}, {who.name}")
    insured = [each["insuplc_admdvs"] for each in output["insuinfo"] if each["insutype"] == "390"]
    require(insured == [REGION], f"参保地 insuplc_admdvs {insured} ≠ {REGION}")


@_step("admission", "2401", "入院登记", "admission")
async def _admission(run: CertificationRun) -> None:
    run.found["mdtrt_id"] = await run.hospital.admit(run.psn_no)


@_step("fee_lines", "2301", "费用明细上传，含退费", "fee lines, one taken back")
async def _fee_lines(run: CertificationRun) -> None:
    his, mdtrt_id = run.hospital, run.of("mdtrt_id")
    lines = [
        his.line("1", "MNZL0007", "5800.00"),
        his.line("2", "MNXY0002", "200.00"),
        his.line("3", "MNZL0004", "18.00"),
        his.line("4", "MNZL0004", "-18.00", cnt=-1, pric="18.00", init_feedetl_sn="3"),
    ]
    fees = await his.upload(mdtrt_id, run.psn_no, lines)
    require([fee["feedetl_sn"] for fee in fees] == ["1", "2", "3", "4"], "明细没有逐条应答 not an answer a line")


@_step("trial", "2303", "预结算", "trial settlement")
async def _trial(run: CertificationRun) -> None:
    data = settlement(run.psn_no, _TOTAL, mdtrt_id=run.of("mdtrt_id"))
    run.found["trial"] = await run.hospital.call("2303", {"data": data})
    check_identities(run.found["trial"])


@_step("discharge", "2402", "出院办理", "discharge")
async def _discharge(run: CertificationRun) -> None:
    await run.hospital.discharge(run.of("mdtrt_id"), run.psn_no)


@_step("settlement", "2304", "结算，与预结算一致", "settlement, as it was tried")
async def _settlement(run: CertificationRun) -> None:
    trial = run.of("trial")
    data = settlement(run.psn_no, _TOTAL, mdtrt_id=run.of("mdtrt_id"))
    envelope = run.hospital.envelope("2304", {"data": data})
    run.found["settling"] = envelope
    raw = await run.hospital.post(envelope)
    settled = output_of("2304", raw)
    run.found |= {"answer": raw, "settled": settled}
    check_identities(settled)
    require(borne(settled) == borne(trial), f"{borne(settled)} ≠ 预结算 the trial {borne(trial)}")


@_step("repeat", "2304", "同一msgid重发，得到原应答", "the same msgid again has the same answer")
async def _repeat(run: CertificationRun) -> None:
    require(await run.hospital.post(run.of("settling")) == run.of("answer"), "应答不同 another answer")


@_step("other_input", "2304", "同一msgid换内容，不予受理", "the same msgid with another input is refused")
async def _other_input(run: CertificationRun) -> None:
    envelope = run.of("settling")
    other = envelope | {"input": {"data": envelope["input"]["data"] | {"invono": "FP2"}}}
    await _require_refused("2304", run.hospital, other)


@_step("second_message", "2304", "换msgid再结算，得到原结算单", "another msgid has the settlement that stands")
async def _second_message(run: CertificationRun) -> None:
    settled = run.of("settled")
    again = await run.hospital.call("2304", run.of("settling")["input"])
    same = again["setlinfo"]["setl_id"] == settled["setlinfo"]["setl_id"]
    require(same, "结算了两次 it was settled twice")


@_step("reversal", "2305", "结算撤销，金额为负", "reversal, its amounts below zero")
async def _reversal(run: CertificationRun) -> None:
    settled = run.of("settled")
    back = await run.hospital.call("2305", {"data": _key(settled)})
    check_identities(back, sign=-1)
    negated = {name: -value for name, value in borne(settled).items()}
    require(borne(back) == negated, f"{borne(back)} ≠ {negated}")


@_step("time_out", "2304 2601", "超时后冲正，再结算一次", "a time-out is reversed, and settled anew")
async def _time_out(run: CertificationRun) -> None:
    his, mdtrt_id = run.hospital, run.of("mdtrt_id")
    data = {"data": settlement(run.psn_no, _TOTAL, mdtrt_id=mdtrt_id)}
    lost = his.envelope("2304", data)
    with suppress(TimeoutError, httpx.TimeoutException):
        async with asyncio.timeout(0.02):  # the program gives up while the transaction is in flight
            await his.post(lost)
    await _withdraw(his, run.psn_no, "2304", lost["msgid"])
    await _require_refused("2304", his, lost)
    settled = await his.call("2304", data)
    check_identities(settled)
    run.found["stands"] = settled


@_step("twice_withdrawn", "2601", "同一交易冲正两次", "a transaction is reversed twice")
async def _twice_withdrawn(run: CertificationRun) -> None:
    his = run.hospital
    mdtrt_id = await his.admit(run.psn_no)
    msgid = his.sent["2401"]["msgid"]
    await _withdraw(his, run.psn_no, "2401", msgid)
    await _withdraw(his, run.psn_no, "2401", msgid)
    try:
        await his.upload(mdtrt_id, run.psn_no, [his.line("1", "MNXY0002", "0.80")])
    except CallFailed:
        return
    require(condition=False, why="入院登记没有撤销 the admission still stands")


@_step(
    "never_received",
    "2601",
    "冲正未收到的交易，迟到的不予受理",
    "one never received is reversed, and refused when it comes",
)
async def _never_received(run: CertificationRun) -> None:
    his = run.hospital
    data = {"data": settlement(run.psn_no, _TOTAL, mdtrt_id=run.of("mdtrt_id"))}
    late = his.envelope("2304", data)
    await _withdraw(his, run.psn_no, "2304", late["msgid"])
    await _require_refused("2304", his, late)


@_step("reconciliation", "3201 9101 3202 9102", "对总账、对明细账", "reconciliation by sums and line by line")
async def _reconciliation(run: CertificationRun) -> None:
    his, info = run.hospital, run.of("stands")["setlinfo"]
    stated = stated_sums(info, his.today)
    sums = (await his.call("3201", {"data": stated}))["stmtinfo"]
    # others may have settled at this hospital today: equal or more
    require(str(sums["stmt_rslt"]) in ("0", "1"), f"对总账 3201: {sums['stmt_rslt']} {sums['stmt_rslt_dscr']}")
    node = {"in": packed_line(info), "filename": "dz.zip", "fixmedins_code": his.code}
    number = (await his.call("9101", {"fsUploadIn": node}))["file_qury_no"]
    answered = (await his.call("3202", {"data": stated | {"file_qury_no": number}}))["fileinfo"]
    asked = his.envelope("9102", {"fsDownloadIn": {**answered, "fixmedins_code": his.code}})
    verdict = verdict_on(info["setl_id"], await his.post(asked))
    require(verdict == "0", f"对明细账 3202: {verdict}")


@_step("late_change", "2304 5203", "名单迟到，已结算的重新结算", "a late roster fact settles anew what was settled")
async def _late_change(run: CertificationRun) -> None:
    settled = run.of("stands")
    claim_id = str(settled["setlinfo"]["setl_id"])
    data = {"person_id": run.psn_no, "category": "dibao", "change": "added"}
    effective = {"effective_on": f"{run.hospital.today.year - 1}-01-01"}
    await run.publish([_fact(f"civil-affairs/{REGION}", f"{run.psn_no}-dibao", "roster.changed.v1", data | effective)])
    statement = await run.statement(claim_id)
    require(statement["revision"] == 2, f"版次 revision {statement['revision']} ≠ 2")
    less = Decimal(statement["patient_share"]) < settled["setlinfo"]["psn_part_amt"]
    require(less, "低保对象个人负担没有减少 the person's share did not fall")
    found = await run.hospital.call("5203", {"data": _key(settled)})
    require(borne(found) == borne(settled), f"5203: {borne(found)} ≠ 结算时 as settled {borne(settled)}")
    now = [Decimal(each["psn_part_amt"]) for each in found["resetlinfo"]]
    require(now == [Decimal(statement["patient_share"])], f"5203 resetlinfo {now} ≠ {statement['patient_share']}")


@_step("outpatient", "2201 2203A 2204 2206 2207", "普通门诊", "an ordinary visit")
async def _outpatient(run: CertificationRun) -> None:
    run.found["visit"] = await _visit(run, "11", "B1")


@_step("chronic", "2201 2203A 2204 2206 2207", "门诊慢特病", "a chronic visit")
async def _chronic(run: CertificationRun) -> None:
    await _visit(run, "14", "B1")


@_step("outpatient_reversal", "2208", "门诊结算撤销", "reversal of a visit")
async def _outpatient_reversal(run: CertificationRun) -> None:
    back = await run.hospital.call("2208", {"data": _key(run.of("visit"))})
    check_identities(back, sign=-1)


@_step("pharmacy", "2101 2102 2103", "药店购药、撤销", "a purchase, and its reversal")
async def _pharmacy(run: CertificationRun) -> None:
    his = run.pharmacy
    info = settlement(run.psn_no, "24.00", begntime=his.moment(0), med_type="41")
    given = {"druginfo": info, "drugdetail": [his.line("1", "MNZC0001", "24.00", cnt=12, pric="2.00")]}
    trial = await his.call("2101", given)
    check_identities(trial)
    bought = await his.call("2102", given)
    check_identities(bought)
    require(borne(bought) == borne(trial), f"{borne(bought)} ≠ 预结算 the trial {borne(trial)}")
    check_identities(await his.call("2103", {"data": _key(bought)}), sign=-1)


@_step("sign_out", "9002", "签退", "sign out")
async def _sign_out(run: CertificationRun) -> None:
    await run.hospital.call("9002", {"signOut": {"sign_no": "", "opter_no": "D001"}})


async def _visit(run: CertificationRun, med_type: str, batch: str) -> Mapping[str, Any]:
    his = run.hospital
    mdtrt_id = await his.register(run.psn_no)
    await his.describe(mdtrt_id, run.psn_no, med_type)
    await his.upload_batch(mdtrt_id, run.psn_no, batch, [his.line("1", "MNXY0005", "96.00", cnt=30, pric="3.20")])
    data = {"data": settlement(run.psn_no, "96.00", mdtrt_id=mdtrt_id, med_type=med_type, chrg_bchno=batch)}
    trial = await his.call("2206", data)
    settled: Mapping[str, Any] = await his.call("2207", data)
    for answer in (trial, settled):
        check_identities(answer)
    require(borne(settled) == borne(trial), f"{borne(settled)} ≠ 预结算 the trial {borne(trial)}")
    return settled


async def _withdraw(his: ReferenceHis, psn_no: str, infno: str, msgid: str) -> None:
    await his.call("2601", {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": infno}})


async def _require_refused(infno: str, his: ReferenceHis, envelope: Mapping[str, Any]) -> None:
    answer = orjson.loads(await his.post(envelope))
    require(int(answer["infcode"]) == -2, f"{infno} 应不予受理 should be refused: infcode {answer['infcode']}")
    require(bool(answer["err_msg"]), "不予受理没有说明原因 refused without a reason")


def _key(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer["setlinfo"][name] for name in ("mdtrt_id", "setl_id", "psn_no")}


def _fact(source: str, id_: str, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "source": source, "id": f"certify-{id_}", "type": type_, "data": dict(data)}
