"""What migration 0007 brought, in the ledger of tests/data/make_dump.py: supervision, registers, payments by bank."""

import os
from pathlib import Path
from typing import Any

from dump_program import bank_lines, proposed_on, settle, today, typed  # type: ignore[import-not-found] # beside this script

from tests import facts


def tricks() -> list[dict[str, Any]]:
    """What 0007 brought to intake: kinds of institutions, cards put right, parts of bills; stays that overlap."""
    made = [
        facts.hospital("H-clinic", 1, COUNTY, kind="village_clinic"),
        facts.hospital("H-shop", 1, COUNTY, kind="pharmacy"),
        *(facts.hospital(hospital_id, 2, COUNTY) for hospital_id in ("H-one", "H-two")),
        *(facts.enrol_as(person, region=COUNTY, township="360923101", household_id="HH7") for person in TRICKED),
        facts.card("P-tricked", on_site=True, corrects="missed"),
        facts.suspend("2019-10-01", "H-two", clause="服务协议第八条"),
        facts.reinstate("2019-11-01", "H-two"),
    ]
    for number, person in ((951, "P-tricked"), (953, "P-mistaken"), (955, "P-innocent")):
        for offset, hospital_id, begun, ended in ((0, "H-one", "01", "10"), (1, "H-two", "05", "12")):
            stay = f"A{number + offset}"
            made.append(facts.admit(stay, person, hospital_id, f"2019-02-{begun}"))
            discharged = {"hospital_id": hospital_id, "on": f"2019-02-{ended}", "in_scope": f"{6000 + number}"}
            made.append(facts.discharge(f"C{number + offset}", stay, person, **discharged))
    return [*made, facts.audit("C955", "100", part="in_scope", finding="F955")]


COUNTY, TRICKED = "360923", ("P-tricked", "P-mistaken", "P-innocent")


def supervise(data: Path) -> None:
    """What 0007 brought of supervision: a text, leads in every state, cases, an inspection, the blacklist."""
    shipped = Path.cwd() / "policies" / "supervision" / "default.yaml"
    own = data.parent / "own.yaml"
    own.write_text(shipped.read_text(encoding="utf-8").replace("name: built_in", "name: own"), encoding="utf-8")
    typed(data, f"supervision adopt {own} --actor chen --approver zhou --reason 年度审议")
    leads = {claim: row["lead_id"] for row in typed(data, "leads") for claim in row["claims"]}
    typed(data, f"leads dismiss {leads['C955']} --actor zhou --reason 转院")
    settle(data, [facts.reverse("C954", "hospital/H-two")])
    typed(data, "leads")
    prosecute(data, leads)
    typed(data, f"cases close {opened_and_cleared(data)} --actor chen --reason 无违规")
    opened(data, "H0far", f"lead --lead {leads['C22']}")
    inspect(data)


def opened(data: Path, hospital_id: str, origin: str) -> str:
    """A case on a hospital of the county."""
    of = f"--region {COUNTY} --kind hospital --subject {hospital_id} --officer chen --officer zhou"
    why = "--document 立1号 --reason 重叠住院 --on 2019-03-01 --actor chen"
    return str(typed(data, f"cases open {origin} {of} {why}")[0]["case_id"])


def prosecute(data: Path, leads: dict[str, str]) -> None:
    """A case that refunds, fines and suspends."""
    lead, by = leads["C952"], "--actor chen"
    case = opened(data, "H-two", f"lead --lead {lead}")
    found = f"cases finding {case} --what 重叠住院 --clause 条例第三十八条 --from 2019-02-01 --until 2019-02-28 {by}"
    finding = typed(data, f"{found} --claim C952=500 --lead {lead}")[0]["finding_id"]
    other = typed(data, f"{found} --amount 300")[0]["finding_id"]
    typed(data, f"cases dismiss {other} {by} --reason 另案")
    typed(data, f"cases note {case} --kind notice --amount 1500 --on 2019-03-02 {by} --reason 告知")
    meant = {
        "refund": f"--finding {finding}",
        "fine": "--amount 1500",
        "suspension": "--from 2019-05-01 --until 2019-08-01",
        "warning_letter": "",
        "talk": "",
    }
    why = f"--basis 条例第三十八条 --document 罚1号 --reason 重叠住院 {by}"
    measures = {
        kind: typed(data, f"cases measure {case} {kind} {said} {why}")[0]["measure_id"] for kind, said in meant.items()
    }
    typed(data, f"cases drop {measures['talk']} {by} --reason 不需要")
    day = proposed_on("2019-03-20")
    typed(data, f"cases propose {case} --document 提1号 {by} --reason 事实清楚 {day}")
    typed(data, f"cases return {case} --actor zhou --reason 补充告知")
    typed(data, f"cases propose {case} --document 提2号 {by} --reason 事实清楚 {day}")
    typed(data, f"cases decide {case} --document 决1号 --actor zhou --reason 同意 --on 2019-04-01")
    typed(data, f"cases answer {measures['warning_letter']} {by} --on 2019-04-10 --reason 已整改")
    for number in ("K1", "K2"):
        typed(data, f"cases pay {measures['fine']} --amount 750 --on 2019-04-10 --reference {number} {by}")
    typed(data, f"cases reverse-payment {measures['fine']} --reference K2 --actor zhou --reason 记错")


def opened_and_cleared(data: Path) -> str:
    """A case in which nothing was found."""
    case = opened(data, "H-one", "report")
    typed(data, f"cases propose {case} --document 提3号 --actor chen --reason 无违规")
    typed(data, f"cases decide {case} --document 决2号 --actor zhou --reason 无违规")
    return case


def inspect(data: Path) -> None:
    """An inspection that stands and one that does not; entries of the blacklist: withdrawn, and about to be removed."""
    seen = f"--region {COUNTY} --officer chen --officer zhou --document 检1号 --actor chen"
    withdrawn = typed(data, f"cases inspect H-one H-two {seen}")[0]["inspections"][1]
    typed(data, f"cases withdraw-inspection {withdrawn} --actor zhou --reason 登错")
    day = f"{today():%Y-%m-%d}"
    until = f"--from {day} --until {today().year + 1}-12-31 --actor chen --reason 多次"
    entered = f"blacklist enter {COUNTY}-C1 --effect closer_audit --basis 上医保〔2019〕30号 --document 黑1号 {until}"
    mistaken = typed(data, entered)[0]["entry_id"]
    typed(data, f"blacklist withdraw {mistaken} --actor chen --reason 登错")
    listed = typed(data, entered)[0]["entry_id"]
    typed(data, f"blacklist approve {listed} --actor zhou")
    typed(data, f"blacklist remove {listed} --on {day} --document 黑2号 --actor chen --reason 整改")


def keep_registers(data: Path) -> None:
    """What 0007 brought to offices: entries of registers, requests for advances, lists sent out, budgets."""
    where, day = f"--region {COUNTY}", f"{today():%Y-%m-%d}"
    ended, _, mistaken = (
        typed(data, f"registers enter {said} --person P-tricked --on 2019-03-01 {where} --actor wang")[0]["entry_ids"][
            0
        ]
        for said in (
            "contracts --doctor 张医生 --until 2020-03-01",
            "checkups --finding 血压高 --due 2020-03-01",
            "tuberculosis --hospital H-one --finding 免费药品",
        )
    )
    typed(data, f"registers end {ended} --on 2019-09-01 --reason 迁出 --actor li")
    typed(data, f"registers withdraw {mistaken} --reason 登错人 --actor li")
    for number, on in (("L9", "2019-01-15"), ("L8", "2019-03-01")):
        asked = f"--amount 2500 --on {on} --need 住院 --township 360923101 --advance {number}"
        typed(data, f"advances apply P-tricked {where} {asked} --actor wang")
    typed(data, f"advances approve L9 {where} --amount 2000 --actor li")
    lent = {"source": f"bureau/{COUNTY}", "lent_by": "township_station"}
    settle(data, [facts.advance("L9", "2000", "2019-01-20", "P-tricked", **lent)])
    typed(data, f"advances file L9 {where} --on 2019-01-25 --actor li")
    typed(data, f"advances decline L8 {where} --reason 已住院 --actor li")
    lists = f"--region 220621 --period {today():%Y-%m} --out {data.parent / 'lists'}"
    typed(data, f"roster publish {lists} --actor wang")
    received = f"--region 220621 --month {today():%Y-%m} --on {day} --receipt 张三"
    typed(data, f"roster receipt H1near {received} --actor li")
    stated = f"--scheme shanggao {where} --fund basic_fund --year 2019 --order 预1号 --income 550000"
    for spending, step in ((500_000, "approve {} --actor li"), (600_000, "withdraw {} --actor wang --reason 记错")):
        entered = typed(data, f"funds budget {stated} --spending {spending} --actor wang")[0]["budget_id"]
        typed(data, "funds " + step.format(entered))


def pay_by_bank(data: Path) -> None:
    """What 0007 brought to paying: accounts, files for the bank, its reply, a clearing of what was booked since."""
    os.environ["CLAIMS_PAYEES_KEY"] = str(data.parent / "payees.key")
    (clearing,) = (row["clearing_id"] for row in typed(data, f"clearing list --region {COUNTY}"))
    typed(data, "payees new-key")
    for hospital_id in ("H-one", "H-two", "H-clinic"):
        card = "--holder 医院 --bank 县信用社 --account 6217000000000000004"
        typed(data, f"payees set {hospital_id} --kind hospital {card} --actor wang")
    typed(data, "payees approve 1 2 --actor li")
    typed(data, "payees withdraw 3 --actor wang --reason 抄错")
    file = data.parent / "pay.csv"
    making = f"clearing payment-file {clearing} --out {file} --only-ready --actor wang"
    made = typed(data, making)[0]["file_id"]
    typed(data, f"clearing cancel-file {made} --actor li --reason 没有送银行")
    file.unlink()
    typed(data, making)
    paid, back = bank_lines(file)[:2]
    file.write_text(f"凭证号,金额,结果,原因\n{paid},成功,\n{back},退汇,户名不符\n", encoding="utf-8")
    typed(data, f"clearing bank-reply {file} --actor li")
    typed(data, "payees end 2 --actor wang --reason 销户")
    settle(data, facts.stay(961, "P-mistaken", "2019-06-10", hospital_id="H-one"))
    typed(data, f"clearing draft --region {COUNTY} --month {today():%Y-%m} --supplement --actor wang")
