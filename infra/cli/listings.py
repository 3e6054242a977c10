"""``claims statements``, ``accumulations``, ``grants``, ``refusals`` and ``waiting``."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.refusals import REASON_NAMES
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.row_output import OutFile, Row, list_rows
from infra.cli.uplift_text import uplift_text
from infra.files.sheet import coded
from processors.law.terms import CATEGORY_NAMES, GRANT_NAMES, LAYER_NAMES, SETTING_NAMES
from processors.queries import listings

STATUS_NAMES = {"settled": "已结算", "reversed": "已冲正"}
PAYEE_NAMES = {"hospital": "医院", "person": "个人"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(statements)
    app.command()(accumulations)
    app.command()(grants)
    app.command()(refusals)
    app.command()(waiting)


def statements(
    claim: Annotated[str | None, typer.Option("--claim", help="结算单号 claim_id")] = None,
    person: PersonId = None,
    uplift: Annotated[bool, typer.Option("--uplift", help="倾斜支付测算 what preferences add")] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """结算单。Statements: what each layer paid of a claim and what the patient pays."""
    columns = "结算单 claim,参保人 person,政策 scheme,类型 setting,日期 date:day,状态 status,版次 rev,类别 categories"
    columns += ",总额 total:money+,各保障线 layers,个人负担 patient:money+,医院承担 hospital:money+,收款方 payee"

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        rows = listings.statement_rows(engine, claim_id=claim, person_id=person)
        return listings.statement_rows_with_uplift(engine, rows) if uplift else rows

    list_rows(
        data_dir,
        "statements",
        query,
        json=json,
        out=out,
        title="结算单 Statements",
        columns=columns + (",倾斜支付 uplift" if uplift else ""),
        cells=_statement_cells,
    )


def accumulations(
    person: PersonId = None,
    year: Annotated[int | None, typer.Option("--year", help="待遇年度 benefit year")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """年度累计。Annual accumulations: what a person has used of each layer."""
    list_rows(
        data_dir,
        "accumulations",
        lambda engine: listings.accumulation_rows(engine, person_id=person, year=year),
        json=json,
        out=out,
        title="年度累计 Accumulations",
        columns="参保人 person,年度 year:count,保障线 layer,基数 base:money,起付线 deductible:money,支付 paid:money+,"
        "人次 claims:count",
        cells=lambda row, _: (
            *(row["person_id"], row["year"], coded(LAYER_NAMES, row["layer"])),
            *(row[name] for name in ("base", "deductible", "paid", "claims")),
        ),
    )


def grants(out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """补助。Grants that stand."""
    list_rows(
        data_dir,
        "grants",
        listings.grant_rows,
        json=json,
        out=out,
        title="补助 Grants",
        columns="参保人 person,政策 scheme,补助 grant,年度 year:count,金额 amount:money+,结算单 claim",
        cells=lambda row, names: (
            *(row["person_id"], names.scheme(row["scheme"]), coded(GRANT_NAMES, row["grant"])),
            *(row["year"], row["amount"], row["claim_id"]),
        ),
    )


def refusals(
    lifted: Annotated[
        bool,
        typer.Option(
            "--lifted", help="仅列因未参保被拒、现已补登可重新发送的 refused as not enrolled, enrolled by now"
        ),
    ] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """被拒收的事件及原因。Refused events, why, and what to mend."""
    if lifted:
        list_rows(
            data_dir,
            "refusals",
            listings.lifted_refusal_rows,
            json=json,
            out=out,
            title="可重新发送 To be sent again",
            columns="医疗机构 hospital,结算单 claim,参保人 person,日期 date:day,被拒收的事件 refused event",
            cells=lambda row, _: tuple(row[name] for name in ("hospital", "claim_id", "person_id", "date", "event_id")),
        )
        return
    list_rows(
        data_dir,
        "refusals",
        listings.refusal_rows,
        json=json,
        out=out,
        title="拒收 Refusals",
        columns="来源 source,事件 event,类型 type,原因 reason,说明 detail",
        cells=lambda row, _: (
            *(row["source"], row["event_id"], row["type"]),
            coded(REASON_NAMES, row["reason"]),
            row["detail"] if row["detail_zh"] in row["detail"] else f"{row['detail_zh']} {row['detail']}",
        ),
    )


def waiting(out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """等待入院登记的出院事件。Discharges that wait for their admission."""
    list_rows(
        data_dir,
        "waiting",
        listings.waiting_rows,
        json=json,
        out=out,
        title="等待 Waiting",
        columns="来源 source,事件 event,等待入院登记 waits for",
        cells=lambda row, _: (row["source"], row["event_id"], row["waits_for"]),
    )


def _statement_cells(row: Row, names: Names) -> tuple[Any, ...]:
    return (
        row["claim_id"],
        row["person_id"],
        names.scheme(row["scheme"]),
        coded(SETTING_NAMES, row["setting"]),
        row["date"],
        coded(STATUS_NAMES, row["status"]),
        row["revision"],
        [CATEGORY_NAMES[category] for category in row["categories"]],
        row["total"],
        [f"{LAYER_NAMES[layer['layer']]} {layer['paid']}" for layer in row["layers"]],
        row["patient_share"],
        row["hospital_share"],
        coded(PAYEE_NAMES, row["payee"]),
        *([uplift_text(row["uplift"])] if "uplift" in row else []),
    )
