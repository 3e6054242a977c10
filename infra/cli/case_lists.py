"""``claims cases``: lists, one case whole, what is late, and the year of supervision."""

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer

from infra.cli import empty_lists
from infra.cli.arguments import day_of, region_of
from infra.cli.clearing_step import run_step
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import fail, note, print_json, stdout
from infra.cli.row_output import OutFile, Row, list_rows, print_sheet, show, write_sheets
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from processors.cases import hit_rates, listings, overdue
from processors.cases import year as years
from processors.cases.refusal import (
    CASE_STATE_NAMES,
    FACT_STATE_NAMES,
    FINDING_STATE_NAMES,
    INSPECTION_KIND_NAMES,
    LATE_NAMES,
    MEASURE_NAMES,
    MEASURE_STATE_NAMES,
    NOTE_NAMES,
    ORIGIN_NAMES,
    OUTCOME_NAMES,
    RESULT_NAMES,
    SUBJECT_NAMES,
)
from processors.law.terms import LAYER_NAMES
from processors.supervision.rules import SUPERVISION_RULES

Region = Annotated[str | None, typer.Option("--region", help="统筹区 region; 140400 also takes its counties")]
Subject = Annotated[str | None, typer.Option("--subject", help="对象编号 hospital, person or doctor")]
RULE_NAMES = {code: rule.name for code, rule in SUPERVISION_RULES.items()}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_)
    for command in (show_case, measures, inspections, late, hit_rate, year):
        names = {"show_case": "show", "late": "overdue", "hit_rate": "hit-rate"}
        app.command(names.get(command.__name__, command.__name__))(command)


def list_(
    region: Region = None,
    subject: Subject = None,
    status: Annotated[str | None, typer.Option("--status", help="open、proposed、decided、closed")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """案件台账。Cases with their deadlines, outcomes, and what was found, given back and fined."""
    _check(region)
    columns = "案件 case,来源 origin,对象种类 kind,对象 subject,状态 status,立案 opened on:day,期限 due on:day"
    columns += ",决定 decided on:day,结案 closed on:day,结果 outcome,违规金额 found:money+"
    columns += ",应追回 to recover:money+,已追回 recovered:money+,罚款 fined:money+"
    list_rows(
        data_dir,
        "cases",
        lambda engine: listings.case_rows(engine, region=region, subject=subject, status=status),
        json=json,
        out=out,
        title="监管案件 Cases",
        columns=columns,
        cells=_case_cells,
        empty=empty_lists.narrowed(empty_lists.CASES, region=region, subject=subject, status=status),
    )


def show_case(
    case_id: Annotated[str, typer.Argument(help="案件编号 case_id")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """一案全部：经过、认定、措施、账本是否收下。One case whole, with what intake made of each fact."""
    found = run_step(data_dir, lambda engine: listings.case_file(engine, case_id))
    if found is None:
        fail(f"没有案件 {case_id}，全部见 claims cases list。there is no case {case_id}")
        sys.exit(2)
    if json:
        print_json([found])
        return
    head = (ORIGIN_NAMES[found["origin"]], SUBJECT_NAMES[found["subject_kind"]], found["subject_id"])
    stdout.print(
        f"{case_id} {' '.join(head)}，{CASE_STATE_NAMES[found['status']]}，期限 due {found['due_on']}", highlight=False
    )
    stdout.print(f"{found['document_no']} {found['reason']}", highlight=False)
    for sheet in _sheets_of(found):
        if sheet.rows:
            print_sheet(sheet)


def measures(
    region: Region = None,
    case: Annotated[str | None, typer.Option("--case", help="案件编号 case_id")] = None,
    subject: Subject = None,
    kind: Annotated[str | None, typer.Option("--kind", help="种类 fine、refund、suspension…")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """措施台账：依据、文号、账本是否收下、追回金额。Measures: whether intake took them, and what they did in money."""
    _check(region)
    list_rows(
        data_dir,
        "cases",
        lambda engine: listings.measure_rows(engine, region=region, case_id=case, subject=subject, kind=kind),
        json=json,
        out=out,
        title="监管措施 Measures",
        columns=MEASURE_COLUMNS,
        cells=_measure_cells,
        empty=empty_lists.narrowed(empty_lists.MEASURES, region=region, case=case, subject=subject, kind=kind),
    )


def inspections(
    region: Region = None,
    year: Annotated[int | None, typer.Option("--year", help="年度 year")] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="医疗机构编号 hospital_id")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """检查台账。Inspections of hospitals and pharmacies."""
    _check(region)

    async def step(engine: Any) -> tuple[list[dict[str, Any]], Names]:
        rows = await listings.inspection_rows(engine, region=region, year=year, hospital_id=hospital)
        return rows, await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    columns = "检查 inspection,医疗机构 hospital,机构种类 institution,检查种类 kind,日期 on:day,人员 officers"
    columns += ",结果 result,文号 document,情况 seen,撤回 withdrawn by"
    cells = [
        (
            *(row["inspection_id"], names.hospital(row["hospital_id"]), coded(SUBJECT_NAMES, row["institution_kind"])),
            *(coded(INSPECTION_KIND_NAMES, row["kind"]), row["inspected_on"], row["officers"]),
            *(coded(RESULT_NAMES, row["result"]), row["document_no"], row["reason"], row["withdrawn_by"]),
        )
        for row in rows
    ]
    empty = empty_lists.narrowed(empty_lists.INSPECTIONS, region=region, year=year, hospital=hospital)
    show(Sheet("检查 Inspections", columns_of(columns), cells, empty=empty), json=json, out=out)


def late(
    region: Region = None,
    on: Annotated[str | None, typer.Option("--on", help="截至日期，默认今天 day; today unless given")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """逾期：疑点核查、决定、证据保存、法制审核、罚款、退回、回执。What is late, by the deadlines in force."""
    _check(region)
    day = None if on is None else day_of(on, "--on")
    rows = run_step(data_dir, lambda engine: overdue.overdue_rows(engine, region=region, on=day), out)
    if json:
        print_json(rows)
    columns = (
        "案件 case,统筹区 region,对象 subject,事项 what,编号 of,期限 due on:day,逾期天数 days:count,件数 count:count"
    )
    columns += ",尚欠 left:money+,加处罚款 late fine:money+"
    cells = [
        (
            *(row["case_id"], region_named(row["region"]), row["subject_id"], coded(LATE_NAMES, row["what"])),
            *(row[name] for name in ("of", "due_on", "days", "count", "left", "late_fine")),
        )
        for row in rows
    ]
    show(
        Sheet("逾期事项 Overdue", columns_of(columns), cells, personal=True, empty=empty_lists.OVERDUE),
        json=json,
        out=out,
    )


def hit_rate(
    region: Region = None,
    since: Annotated[str | None, typer.Option("--since", help="此日及以后发现的 found on this day or later")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """各规则命中率：查实 ÷ 已核查（查实＋排除）。How many of each rule's leads were confirmed, of those looked into."""
    _check(region)
    day = None if since is None else day_of(since, "--since")
    rows = run_step(data_dir, lambda engine: hit_rates.hit_rate_rows(engine, region=region, since=day), out)
    if json:
        print_json(rows)
    columns = "规则 rule,版本 version:count,疑点 found:count+,待处理 open:count+,已立案 in case:count+"
    columns += ",查实 confirmed:count+,排除 dismissed:count+,已核查 looked into:count+,自行消失 withdrawn:count+"
    columns += ",命中率 hit rate:share,少于11件 few"
    cells = [
        (
            *(coded(RULE_NAMES, row["rule"]), *(row[name] for name in hit_rates.COUNTS)),
            *(None if row["hit_rate"] is None else Decimal(row["hit_rate"]), row["few"]),
        )
        for row in rows
    ]
    empty = empty_lists.narrowed(empty_lists.HIT_RATES, region=region, since=since)
    show(Sheet("各规则命中率 Hit rates", columns_of(columns), cells, empty=empty), json=json, out=out)
    note(hit_rates.DEFINITION)


def year(
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="年度 year")],
    region: Annotated[str, typer.Option("--region", help="统筹区 region, 360923")],
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """监管年报（上高 三5）：检查、查处、追回、罚款，县内县外。The year of supervision, in and outside the county."""
    region_of(region)
    told = run_step(data_dir, lambda engine: years.supervision_year(engine, year, region), out)
    if json:
        print_json([told.json()])
    shown = told.json()
    sides = [(name, *(_figure(shown[side][key]) for side in years.SIDES)) for name, key in years.YEAR_LINES]
    figures = Sheet(
        "查处情况 What was done", columns_of("项目 item,县内机构 inside,县外机构 outside,个人 persons"), sides
    )
    coverage = "—" if told.coverage is None else f"{told.coverage * 100:.2f}%"
    visited = [
        ("定点医药机构，家 institutions", str(told.institutions)),
        ("已检查，家 inspected", str(told.inspected)),
        ("其中医院 hospitals", str(told.inspected_hospitals)),
        ("其中药店 pharmacies", str(told.inspected_pharmacies)),
        ("覆盖率 coverage", coverage),
        ("检查次数 inspections", str(told.inspections)),
        ("县外机构已检查，家 outside", str(told.inspected_outside)),
    ]
    title = f"{year} 年 {region_named(region)} 监管情况"
    inspected = Sheet(f"{title} Supervision", columns_of("项目 item,数 figure"), visited)
    if not json:
        print_sheet(inspected)
        print_sheet(figures)
    if out is not None:
        write_sheets(out, [inspected, figures])


MEASURE_COLUMNS = "措施 measure,案件 case,对象种类 kind of subject,对象 subject,种类 kind,状态 status,金额 amount:money"
MEASURE_COLUMNS += ",起日 from:day,止日（不含） until:day,依据 basis,文号 document,决定 decided on:day,期限 due on:day"
MEASURE_COLUMNS += ",解除 lifted on:day,已缴 paid:money+,账本收下 taken:count+,序号 ledger numbers,拒收 refused:count+"
MEASURE_COLUMNS += ",拒收原因 reasons,应追回基金 to recover:money+,已追回基金 recovered:money+"


def _check(region: str | None) -> None:
    if region is not None:
        region_of(region)


def _figure(value: Any) -> str:
    return f"{Decimal(value):,.2f}" if isinstance(value, str) else str(value)


def _subject(row: Row, names: Names) -> Any:
    is_house = row["subject_kind"] in ("hospital", "pharmacy")
    return names.hospital(row["subject_id"]) if is_house else row["subject_id"]


def _case_cells(row: Row, names: Names) -> tuple[Any, ...]:
    kinds = (coded(ORIGIN_NAMES, row["origin"]), coded(SUBJECT_NAMES, row["subject_kind"]), _subject(row, names))
    days = (row[name] for name in ("opened_on", "due_on", "decided_on", "closed_on"))
    money = (row[name] for name in ("found", "to_recover", "recovered", "fined"))
    return (
        *(row["case_id"], *kinds, coded(CASE_STATE_NAMES, row["status"]), *days),
        *(coded(OUTCOME_NAMES, row["outcome"]), *money),
    )


def _measure_cells(row: Row, names: Names) -> tuple[Any, ...]:
    kinds = (coded(MEASURE_NAMES, row["kind"]), coded(MEASURE_STATE_NAMES, row["status"]))
    said = (row[name] for name in ("amount", "from_on", "until", "basis", "document_no", "decided_on", "due_on"))
    numbers = ", ".join(map(str, row["ledger_numbers"]))
    return (
        *(row["measure_id"], row["case_id"], coded(SUBJECT_NAMES, row["subject_kind"]), _subject(row, names)),
        *(*kinds, *said, row["lifted_on"], row["paid"], row["taken"], numbers or None),
        *(row["refused"], row["refusal_reasons"], row["to_recover"], row["recovered"]),
    )


def _sheets_of(found: Mapping[str, Any]) -> list[Sheet]:
    rows = (_note_cells, _finding_cells, _done_cells, _fact_cells)
    return [
        Sheet(title, columns_of(columns), [cells(each) for each in found[name]])
        for (name, title, columns), cells in zip(PARTS_OF_CASE, rows, strict=True)
    ]


PARTS_OF_CASE = (
    ("notes", "经过 Notes", "种类 kind,日期 on:day,期限 due on:day,金额 amount:money,内容 what,登记 by"),
    (
        "findings",
        "认定 Findings",
        "编号 finding,状态 status,事实 what,条款 clause,金额 amount:money+,结算单 claims,各保障线 layers",
    ),
    (
        "measures",
        "措施 Measures",
        "编号 measure,种类 kind,状态 status,金额 amount:money,起日 from:day,止日（不含） until:day,文号 document,"
        "应追回 to recover:money+,已追回 recovered:money+,已缴 paid:money+",
    ),
    ("facts", "发往账本 Facts", "事件 event,种类 type,账本 ledger,序号 number:count,拒收原因 refused for"),
)


def _note_cells(row: Row) -> tuple[Any, ...]:
    said = (row[name] for name in ("noted_on", "due_on", "amount", "reason", "noted_by"))
    return coded(NOTE_NAMES, row["kind"]), *said


def _finding_cells(row: Row) -> tuple[Any, ...]:
    claims = [f"{claim['claim_id']} {claim['amount']}" for claim in row["claims"]]
    layers = [f"{LAYER_NAMES.get(layer, layer)} {fen}" for layer, fen in row["layers"].items()]
    said = (row["finding_id"], coded(FINDING_STATE_NAMES, row["status"]), row["what"], row["clause"], row["amount"])
    return *said, claims, layers


def _done_cells(row: Row) -> tuple[Any, ...]:
    kinds = (coded(MEASURE_NAMES, row["kind"]), coded(MEASURE_STATE_NAMES, row["status"]))
    said = (row[name] for name in ("amount", "from_on", "until", "document_no", "to_recover", "recovered", "paid"))
    return row["measure_id"], *kinds, *said


def _fact_cells(row: Row) -> tuple[Any, ...]:
    state = coded(FACT_STATE_NAMES, row["state"])
    return row["event_id"], row["type"], state, row["ledger_number"], row["refusal_detail"]
