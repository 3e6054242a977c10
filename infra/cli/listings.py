"""``claims statements``, ``accumulations``, ``grants``, ``refusals``, ``waiting`` and ``parked``."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import CATEGORY_NAMES, LAYER_NAMES, SETTING_NAMES
from events.refusals import REASON_NAMES
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.release import release as release_parked
from infra.cli.row_output import Row, list_rows
from infra.cli.uplift_text import uplift_text
from processors.queries import listings

PersonId = Annotated[str | None, typer.Option("--person", help="参保人编号 person_id")]

_NAMES: Mapping[str, Mapping[Any, str]] = {
    "layer": LAYER_NAMES,
    "reason": REASON_NAMES,
    "grant": {"annual": "年度补助", "one_off": "一次性补助"},
}
STATUS_NAMES = {"settled": "已结算", "reversed": "已冲正"}
PAYEE_NAMES = {"hospital": "医院", "person": "个人"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(statements)
    app.command()(accumulations)
    app.command()(grants)
    app.command()(refusals)
    app.command()(waiting)
    app.command()(parked)


def statements(
    claim: Annotated[str | None, typer.Option("--claim", help="结算单号 claim_id")] = None,
    person: PersonId = None,
    uplift: Annotated[bool, typer.Option("--uplift", help="倾斜支付测算 what preferences add")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """结算单。Statements: what each layer paid of a claim and what the patient pays."""
    columns = "结算单 claim,参保人 person,政策 scheme,类型 setting,日期 date,状态 status,版次 rev,类别 categories"
    columns += ",总额 total,各保障线 layers,个人 patient,医院 hospital,收款 payee" + (",倾斜 uplift" if uplift else "")

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        rows = listings.statement_rows(engine, claim_id=claim, person_id=person)
        return listings.statement_rows_with_uplift(engine, rows) if uplift else rows

    list_rows(
        data_dir,
        "statements",
        query,
        json=json,
        title="结算单 Statements（元 yuan）",
        columns=columns,
        cells=_statement_cells,
        right=(8, 10, 11),
    )


def accumulations(
    person: PersonId = None,
    year: Annotated[int | None, typer.Option("--year", help="待遇年度 benefit year")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """年度累计。Annual accumulations: what a person has used of each layer."""
    list_rows(
        data_dir,
        "accumulations",
        lambda engine: listings.accumulation_rows(engine, person_id=person, year=year),
        json=json,
        title="年度累计 Accumulations（元 yuan）",
        columns="参保人 person,年度 year,保障线 layer,基数 base,起付线 deductible,支付 paid,人次 claims",
        cells=lambda row: _texts(row, "person_id", "year", "layer", "base", "deductible", "paid", "claims"),
        right=(3, 4, 5, 6),
    )


def grants(data_dir: DataDir = None, json: Json = False) -> None:
    """补助。Grants that stand."""
    list_rows(
        data_dir,
        "grants",
        listings.grant_rows,
        json=json,
        title="补助 Grants（元 yuan）",
        columns="参保人 person,政策 scheme,补助 grant,年度 year,金额 amount,结算单 claim",
        cells=lambda row: _texts(row, "person_id", "scheme", "grant", "year", "amount", "claim_id"),
        right=(4,),
    )


def refusals(
    lifted: Annotated[
        bool,
        typer.Option(
            "--lifted", help="仅列因未参保被拒、现已补登可重新发送的 refused as not enrolled, enrolled by now"
        ),
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """被拒绝的事件及原因。Refused events, why, and what to mend."""
    if lifted:
        list_rows(
            data_dir,
            "refusals",
            listings.lifted_refusal_rows,
            json=json,
            title="可重新发送 To be sent again",
            columns="医疗机构 hospital,结算单 claim,参保人 person,日期 date,被拒事件 refused event",
            cells=lambda row: _texts(row, "hospital", "claim_id", "person_id", "date", "event_id"),
        )
        return
    list_rows(
        data_dir,
        "refusals",
        listings.refusal_rows,
        json=json,
        title="拒绝 Refusals",
        columns="来源 source,事件 event,类型 type,原因 reason,说明 detail",
        cells=lambda row: _texts(row, "source", "event_id", "type", "reason", "detail"),
    )


def waiting(data_dir: DataDir = None, json: Json = False) -> None:
    """等待入院登记的出院事件。Discharges that wait for their admission."""
    list_rows(
        data_dir,
        "waiting",
        listings.waiting_rows,
        json=json,
        title="等待 Waiting",
        columns="来源 source,事件 event,等待入院登记 waits for",
        cells=lambda row: _texts(row, "source", "event_id", "waits_for"),
    )


def parked(
    release: Annotated[bool, typer.Option("--release", help="排除故障后继续 go on, after the mend")] = False,
    person: PersonId = None,
    consumer: Annotated[str | None, typer.Option("--consumer", help="处理器 consumer")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """挂起的处理批次。Runs that could not be handled; only that person's lane waits."""
    if release:
        release_parked(settings_of(data_dir), person, consumer, json=json)
    list_rows(
        data_dir,
        "parked",
        lambda engine: listings.parked_rows(engine, person_id=person, consumer=consumer),
        json=json,
        title="挂起 Parked",
        columns="参保人 person,处理器 consumer,批次 run,原因 reason,自 since",
        cells=lambda row: _texts(row, "person_id", "consumer", "run", "reason", "since"),
    )


def _statement_cells(row: Row) -> tuple[str, ...]:
    return (
        row["claim_id"],
        row["person_id"],
        row["scheme"],
        SETTING_NAMES[row["setting"]],
        row["date"],
        STATUS_NAMES[row["status"]],
        str(row["revision"]),
        "、".join(CATEGORY_NAMES[category] for category in row["categories"]) or "—",
        row["total"],
        "\n".join(f"{LAYER_NAMES[layer['layer']]} {layer['paid']}" for layer in row["layers"]) or "—",
        row["patient_share"],
        row["hospital_share"],
        PAYEE_NAMES[row["payee"]],
        *([uplift_text(row["uplift"])] if "uplift" in row else []),
    )


def _texts(row: Row, *names: str) -> tuple[str, ...]:
    return tuple(_text(name, row[name]) for name in names)


def _text(name: str, value: Any) -> str:
    if value is None:
        return "—"
    known: Mapping[Any, str] = _NAMES.get(name, {})
    return f"{known[value]} {value}" if value in known else str(value)
