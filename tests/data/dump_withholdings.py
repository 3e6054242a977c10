"""What migration 0008 brought, in the ledger of tests/data/make_dump.py: money kept back, payments held, looks."""

from pathlib import Path

from dump_offices import opened  # type: ignore[import-not-found] # beside this script
from dump_program import bank_lines, settle, today, typed  # type: ignore[import-not-found] # beside this script

from infra.embedded.postgres import PostgresServer
from tests import facts

REGION = "220621"
TEXT = f"""\
name: withholding
title: 考核预留
title_en: Withholding
document: 抚医保〔2019〕5号
regions: ["{REGION}"]
in_force_from: 2019-03-01
version: 1
withholding: {{share: {{value: 5%, grade: public, cite: 服务协议第四十条}}}}
"""
PERSON = "P-kept"
HOSPITALS = ("H1near", "H2near", "H3near")


def withhold(data: Path) -> None:
    """Clearings that keep back and release, releases in every state, and a file that the bank has answered in part."""
    text = data.parent / "withholding.yaml"
    text.write_text(TEXT, encoding="utf-8")
    typed(data, f"supervision adopt {text} --actor chen --approver zhou --reason 服务协议")
    clearing = _cleared(data, [facts.enrol(PERSON), *_stays(971, "2019-07-10", "20000")])
    typed(data, f"clearing pay {clearing} --actor li --reference T2")
    typed(data, f"clearing return {clearing} --payee H2near --actor li --reason 户名不符")
    _approved(data, "H1near", "50%")
    _send_file(data, _cleared(data, _stays(975, "2019-09-10", "4000")))
    _approved(data, "H1near", "70%")
    mistaken = _ordered(data, "H2near", "60%")
    typed(data, f"withholdings withdraw {mistaken} --actor wang --reason 有误")
    _ordered(data, "H2near", "80%")


def _stays(first: int, on: str, in_scope: str) -> list[dict[str, object]]:
    found = []
    for place, hospital_id in enumerate(HOSPITALS):
        day = f"{on[:-2]}{int(on[-2:]) + 5 * place:02d}"
        found += facts.stay(first + place, PERSON, day, in_scope, hospital_id=hospital_id)
    return found


def _cleared(data: Path, sent: list[dict[str, object]]) -> str:
    """A supplementary clearing of what is booked of some events, approved."""
    settle(data, sent)
    shown = typed(data, f"clearing draft --region {REGION} --month {today():%Y-%m} --supplement --actor wang")
    clearing = str(next(row["clearing_id"] for row in shown if "clearing_id" in row))
    typed(data, f"clearing approve {clearing} --actor li")
    return clearing


def _ordered(data: Path, hospital_id: str, share: str) -> str:
    said = f"--region {REGION} --year {today().year} --hospital {hospital_id} --share {share}"
    return str(typed(data, f"withholdings order {said} --actor wang --reason 集体研究")[0]["release_id"])


def _approved(data: Path, hospital_id: str, share: str) -> None:
    typed(data, f"withholdings approve {_ordered(data, hospital_id, share)} --actor li")


def _send_file(data: Path, clearing: str) -> None:
    """A file for the bank, with a line a payee: one is paid, one comes back, one has no answer."""
    for hospital_id in HOSPITALS:
        card = "--holder 医院 --bank 县信用社 --account 6217000000000000004"
        entered = typed(data, f"payees set {hospital_id} --kind hospital {card} --actor wang")
        typed(data, f"payees approve {entered[0]['number']} --actor li")
    file = data.parent / "withheld.csv"
    typed(data, f"clearing payment-file {clearing} --out {file} --only-ready --actor wang")
    paid, back, *_ = bank_lines(file)
    file.write_text(f"凭证号,金额,结果,原因\n{paid},成功,\n{back},退汇,户名不符\n", encoding="utf-8")
    typed(data, f"clearing bank-reply {file} --actor li")


def hold(data: Path) -> None:
    """Payments of two hospitals that a case holds: one's still, up to an amount, and one's no longer."""
    day = f"{today():%Y-%m-%d}"
    why = "--basis 条例第三十八条 --document 停1号 --reason 立案调查 --actor chen"
    case = opened(data, "H-two", "report")
    typed(data, f"cases measure {case} payment_hold --from 2019-04-01 --amount 100 {why}")
    typed(data, f"cases measure {case} payment_hold --from 2019-04-01 --until 2019-05-01 {why}")
    _decide(data, case, "停2号", day)
    case = opened(data, "H-one", "report")
    held = typed(data, f"cases measure {case} payment_hold --from 2019-04-01 {why}")[0]["measure_id"]
    _decide(data, case, "停3号", day)
    typed(data, f"cases measure {case} lifting --of {held} --from {day} {why}")
    _decide(data, case, "解1号", day)
    typed(data, f"cases close {case} --actor chen --reason 已解除")


def _decide(data: Path, case: str, document: str, day: str) -> None:
    typed(data, f"cases propose {case} --document {document} --actor chen --reason 事实清楚")
    typed(data, f"cases decide {case} --document {document} --actor zhou --reason 同意 --on {day}")


async def look(data: Path) -> None:
    """Looks of the owner, of a clerk, and of investigators for a case and for a reason."""
    from infra.postgres.engine import connect
    from processors.access_log.journal import Look, record_look

    server = PostgresServer(data / "postgres")
    engine = connect(await server.start())
    try:
        for made in (
            Look("claims", PERSON, "person", owner=True),
            Look("clerk", PERSON, "claims"),
            Look("investigator", PERSON, "changes", case_id="360923-C1"),
            Look("investigator", "P-tricked", "claim", reason="信访核实"),
        ):
            await record_look(engine, made)
    finally:
        await engine.dispose()
        await server.stop()
