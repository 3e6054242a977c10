"""``claims cases``: supervision's cases, from a lead to a decision; what each step of an office types."""

import sys
from typing import Annotated, Any, Literal

import typer

from events.codes import AUDIT_PARTS
from events.money import parse_yuan
from infra.cli import case_decisions, case_lists
from infra.cli.arguments import Actor, actor_of, amount_of, day_of, id_of, listed, region_of, unusable, words_of
from infra.cli.case_decisions import CaseId, Document
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.options import DataDir, Json
from infra.cli.output import print_json, table
from processors.cases import inspections, steps
from processors.cases.inspections import InspectionOrder
from processors.cases.journal import rebuild as rebuild_tables
from processors.cases.steps import CaseOrder, FindingOrder, NoteOrder
from projections.cases import FindingClaim, NoteKind, Origin, SubjectKind
from projections.inspections import InspectionKind, InspectionResult

cases = typer.Typer(
    no_args_is_help=True, help="监管案件：立案、认定、提请、决定、执行、结案。Supervision: cases, findings, measures."
)

RegionCode = Annotated[str, typer.Option("--region", help="办案医保局统筹区 region of the bureau, 360923")]
Officers = Annotated[list[str], typer.Option("--officer", help="执法人员，至少两人 officer; twice or more")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(cases, name="cases")


@cases.command("open")
def open_(
    origin: Annotated[Origin, typer.Argument(help="来源 lead 疑点、report 举报、plan 计划、inspection 检查")],
    region: RegionCode,
    kind: Annotated[SubjectKind, typer.Option("--kind", help="对象 hospital 医院、pharmacy 药店、person、doctor")],
    subject: Annotated[str, typer.Option("--subject", help="对象编号 hospital_id, person_id or doctor's id")],
    officer: Officers,
    document: Document,
    actor: Actor,
    reason: Reason,
    hospital: Annotated[str | None, typer.Option("--hospital", help="医师所在医疗机构 where a doctor works")] = None,
    lead: Annotated[list[str] | None, typer.Option("--lead", help="疑点编号 lead_id; may be given again")] = None,
    inspection: Annotated[str | None, typer.Option("--inspection", help="检查编号 inspection_id")] = None,
    on: Annotated[str | None, typer.Option("--on", help="立案日期，默认今天 day; today unless given")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """立案。Open a case from leads, a report, the year's plan or an inspection."""
    order = CaseOrder(
        region=region_of(region),
        origin=origin,
        subject_kind=kind,
        subject_id=id_of(subject, "--subject"),
        officers=tuple(id_of(each, "--officer") for each in officer),
        document_no=words_of(document, "--document"),
        reason=words_of(reason, "--reason"),
        opened_on=None if on is None else day_of(on, "--on"),
        hospital_id=None if hospital is None else id_of(hospital, "--hospital"),
        leads=tuple(id_of(each, "--lead") for each in lead or ()),
        inspection_id=None if inspection is None else id_of(inspection, "--inspection"),
    )
    who = actor_of(actor)
    case_id = run_step(data_dir, lambda engine: steps.open_case(engine, order, who))
    print_result({"case_id": case_id}, f"已立案 opened: {case_id}", json=json)


@cases.command()
def note(
    case_id: CaseId,
    kind: Annotated[NoteKind, typer.Option("--kind", help="种类 note 记事、notice 事先告知、legal_review 法制审核…")],
    actor: Actor,
    reason: Annotated[str, typer.Option("--reason", help="内容 what happened")],
    on: Annotated[str | None, typer.Option("--on", help="日期，默认今天 day; today unless given")] = None,
    until: Annotated[str | None, typer.Option("--until", help="专家评审止日 last day of an expert's review")] = None,
    amount: Annotated[str | None, typer.Option("--amount", help="拟罚款额，元 fine that a notice announces")] = None,
    document: Annotated[str | None, typer.Option("--document", help="文号 number of the document")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记办案经过：告知、申辩、听证、审核、延期、证据。Note what happens: notice, hearing, review."""
    order = NoteOrder(
        case_id=case_id,
        kind=kind,
        reason=words_of(reason, "--reason"),
        noted_on=None if on is None else day_of(on, "--on"),
        until=None if until is None else day_of(until, "--until"),
        amount=None if amount is None else amount_of(amount),
        document_no=None if document is None else words_of(document, "--document"),
    )
    who = actor_of(actor)
    note_id = run_step(data_dir, lambda engine: steps.note(engine, order, who))
    print_result({"note_id": note_id}, f"已登记 noted: {note_id}", json=json)


@cases.command()
def finding(
    case_id: CaseId,
    what: Annotated[str, typer.Option("--what", help="认定事实 what was found")],
    clause: Annotated[str, typer.Option("--clause", help="违反的条款 clause that it breaks")],
    began: Annotated[str, typer.Option("--from", help="违规起日 first day of it")],
    ended: Annotated[
        str, typer.Option("--until", help="违规止日，时效自此起算 its last day: the time bar runs from it")
    ],
    actor: Actor,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            "--claim",
            help="结算单=金额[:hospital|person[:费用部分]] 或 结算单=reverse，可多次 claim=yuan[:who[:part]]",
        ),
    ] = None,
    amount: Annotated[
        str | None, typer.Option("--amount", help="账本外的违规金额，元 yuan, where no claim of the ledger is named")
    ] = None,
    lead: Annotated[list[str] | None, typer.Option("--lead", help="所证实的疑点 lead that it confirms")] = None,
    harm: Annotated[bool, typer.Option("--harm", help="危害健康 health was harmed: a longer time bar")] = False,
    document: Annotated[str | None, typer.Option("--document", help="文号 number of the document")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记认定的违规：事实、条款、结算单与金额。Record what was found, with the claims and amounts."""
    order = FindingOrder(
        case_id=case_id,
        what=words_of(what, "--what"),
        clause=words_of(clause, "--clause"),
        began_on=day_of(began, "--from"),
        ended_on=day_of(ended, "--until"),
        amount=None if amount is None else amount_of(amount),
        claims=tuple(_claim_of(each) for each in claim or ()),
        leads=tuple(id_of(each, "--lead") for each in lead or ()),
        harm=harm,
        document_no=None if document is None else words_of(document, "--document"),
    )
    who = actor_of(actor)
    finding_id = run_step(data_dir, lambda engine: steps.record_finding(engine, order, who))
    print_result({"finding_id": finding_id}, f"已登记 recorded: {finding_id}", json=json)


@cases.command()
def dismiss(
    finding_id: Annotated[str, typer.Argument(help="认定编号 finding_id")],
    actor: Actor,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """不予认定。Dismiss a finding that no decision has confirmed."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: steps.dismiss_finding(engine, finding_id, who, why))
    print_result({"finding_id": finding_id}, f"不予认定 dismissed: {finding_id}", json=json)


@cases.command()
def inspect(
    hospitals: Annotated[list[str], typer.Argument(help="医疗机构编号，可多个 hospital_id, one or more")],
    region: RegionCode,
    officer: Officers,
    document: Document,
    actor: Actor,
    institution: Annotated[
        Literal["hospital", "pharmacy"], typer.Option("--institution", help="机构种类 医院或药店 kind of institution")
    ] = "hospital",
    kind: Annotated[InspectionKind, typer.Option("--kind", help="检查种类 kind")] = "plan",
    result: Annotated[InspectionResult, typer.Option("--result", help="结果 result")] = "clean",
    on: Annotated[str | None, typer.Option("--on", help="检查日期，默认今天 day; today unless given")] = None,
    reason: Annotated[str, typer.Option("--reason", help="检查情况 what was seen")] = "现场检查",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记检查：一家或多家。Record an inspection, of one institution or of several with one result."""
    order = InspectionOrder(
        region=region_of(region),
        hospitals=tuple(id_of(each, "HOSPITALS") for each in hospitals),
        institution_kind=institution,
        kind=kind,
        officers=tuple(id_of(each, "--officer") for each in officer),
        result=result,
        document_no=words_of(document, "--document"),
        reason=words_of(reason, "--reason"),
        inspected_on=None if on is None else day_of(on, "--on"),
    )
    who = actor_of(actor)
    made = run_step(data_dir, lambda engine: inspections.record_inspection(engine, order, who))
    print_result({"inspections": made}, f"已登记检查 {len(made)} 家 recorded: {made[0]}…{made[-1]}", json=json)


@cases.command("withdraw-inspection")
def withdraw_inspection(
    inspection_id: Annotated[str, typer.Argument(help="检查编号 inspection_id")],
    actor: Actor,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤回误登的检查：须由另一人。Take back a mistaken record of an inspection; another person than recorded it."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: inspections.withdraw_inspection(engine, inspection_id, who, why))
    print_result({"inspection_id": inspection_id}, f"已撤回 withdrawn: {inspection_id}", json=json)


@cases.command()
def rebuild(data_dir: DataDir = None, json: Json = False) -> None:
    """由账册重建案件各表。Make the tables of cases what their journal says; exit 1 where they were not."""
    found = run_step(data_dir, rebuild_tables)
    if json:
        print_json([found])
    else:
        rows = [(name, str(count)) for name, count in found.items()]
        table("案件各表 Tables of cases", ("表 table", "已更正 rows mended"), rows, right=(1,))
    sys.exit(1 if any(found.values()) else 0)


def _claim_of(text: str) -> FindingClaim:
    claim_id, _, said = text.partition("=")
    id_of(claim_id, "--claim")
    if said == "reverse":
        return FindingClaim(claim_id, 0, reverse=True)
    amount, _, rest = said.partition(":")
    borne_by, _, part = rest.partition(":")
    try:
        fen = parse_yuan(amount)
    except ValueError:
        fen = 0
    if fen <= 0 or borne_by not in ("", "hospital", "person") or part not in ("", *AUDIT_PARTS):
        raise unusable(
            f"“{text}”应写成 结算单=金额、结算单=金额:person、结算单=金额:hospital:in_scope 或 结算单=reverse",
            f"Write claim=yuan, claim=yuan:person or claim=reverse; the parts are {listed(AUDIT_PARTS)}",
            "--claim",
        )
    by: Any = borne_by or "hospital"
    of_bill: Any = part or None
    return FindingClaim(claim_id, fen, by, of_bill)


case_decisions.register(cases)
case_lists.register(cases)
