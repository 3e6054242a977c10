"""``claims enrollments`` and ``claims referrals``: who is insured as what, what bureaus file of treatment elsewhere."""

from typing import Annotated, Any

import typer

from events.codes import FILING_KIND_NAMES, INSURANCE_TYPE_NAMES, SEX_NAMES
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.sheet import coded
from processors.queries import listings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(enrollments)
    app.command()(referrals)


def enrollments(
    person: PersonId = None,
    year: Annotated[int | None, typer.Option("--year", help="待遇年度 benefit year")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """参保登记。Enrollments: who is insured where and as what."""
    list_rows(
        data_dir,
        "enrollments",
        lambda engine: listings.enrollment_rows(engine, person_id=person, year=year),
        json=json,
        out=out,
        title="参保登记 Enrollments",
        columns="参保人 person,年度 year:count,统筹区 region,参保类型 insured as,自 from:day,终止 ended on:day,"
        "死亡 died on:day,个人已缴 paid:money+,出生年月 born,性别 sex,户编号 household,乡镇 township,村 village,"
        "家庭医生签约 contracted doctor,连续参保年数 years insured",
        cells=_enrollment_cells,
    )


def referrals(person: PersonId = None, out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """异地备案与转诊登记。What bureaus have filed of treatment away from home, and of referrals."""
    list_rows(
        data_dir,
        "referrals",
        lambda engine: listings.filing_rows(engine, person_id=person),
        json=json,
        out=out,
        title="异地备案与转诊 Referrals",
        columns="备案机构 bureau,编号 number,参保人 person,种类 kind,自 from:day,至（不含） until:day,"
        "前往地区 to region,前往机构 to hospital,原因 reason",
        cells=_referral_cells,
    )


def _enrollment_cells(row: Row, names: Names) -> tuple[Any, ...]:
    return (
        *(row["person_id"], row["year"], names.region(row["region"])),
        coded(INSURANCE_TYPE_NAMES, row["insurance_type"]),
        *(row[name] for name in ("effective_on", "ended_on", "died_on", "self_paid", "birth_month")),
        coded(SEX_NAMES, row["sex"]),
        *(row[name] for name in ("household_id", "township", "village", "contracted_doctor", "years_insured")),
    )


def _referral_cells(row: Row, names: Names) -> tuple[Any, ...]:
    return (
        *(names.region(row["region"]), row["filing_id"], row["person_id"]),
        coded(FILING_KIND_NAMES, row["kind"]),
        *(row["effective_on"], row["until"]),
        names.region(row["to_region"]),
        None if row["to_hospital"] is None else names.hospital(row["to_hospital"]),
        row["reason"],
    )
