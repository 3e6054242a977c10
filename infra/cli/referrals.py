"""``claims enrollments`` and ``claims referrals``: who is insured as what, what bureaus file of treatment elsewhere."""

from typing import Annotated, Any, Literal

import typer

from events.codes import INSURANCE_TYPE_NAMES, SEX_NAMES, FilingKind
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.registers import list_register
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.sheet import coded
from processors.queries import listings
from processors.registers.registers import REFERRALS

FilingState = Literal["open", "expired", "cancelled", "to_come"]


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


def referrals(
    person: PersonId = None,
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region of the bureau")] = None,
    kind: Annotated[FilingKind | None, typer.Option("--kind", help="种类 away 异地备案、referral 转诊")] = None,
    state: Annotated[FilingState | None, typer.Option("--state", help="状态 whether it holds today")] = None,
    used: Annotated[bool | None, typer.Option("--used/--no-used", help="已使用 whether an admission used it")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """异地备案与转诊登记：有效、过期、使用情况。Treatment elsewhere that bureaus filed: does it hold, was it used."""
    asked = {"person": person, "region": region, "kind": kind, "state": state, "used": used}
    list_register(REFERRALS, asked, data_dir, out, json=json)


def _enrollment_cells(row: Row, names: Names) -> tuple[Any, ...]:
    return (
        *(row["person_id"], row["year"], names.region(row["region"])),
        coded(INSURANCE_TYPE_NAMES, row["insurance_type"]),
        *(row[name] for name in ("effective_on", "ended_on", "died_on", "self_paid", "birth_month")),
        coded(SEX_NAMES, row["sex"]),
        *(row[name] for name in ("household_id", "township", "village", "contracted_doctor", "years_insured")),
    )
