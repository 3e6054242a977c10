"""``claims gateway applications``: what hospitals apply for to be cleared, beside what they were told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.money import yuan
from infra.cli.arguments import month_of
from infra.cli.names import Names
from infra.cli.options import DataDir, Json
from infra.cli.row_output import OutFile, Row, list_rows
from processors.reconciliation.hospital_settlements import Chosen, hospital_settlements, sums_of
from processors.visits.clearing_applications import ClearingApplication, load_applications, taken

_COLUMNS = "申请 application,机构 hospital,月份 month,清算类别 type,起 from:day,止 to:day,医疗费 total:money+"
_COLUMNS += ",申报基金 applied for:money+,接口结算笔数 settled:count,接口基金支付 told:money+,差额 difference:money"
_COLUMNS += ",状态 state,申请时间 at"
_STATES = {"standing": "待清算 standing", "withdrawn": "已撤销 withdrawn"}


def applications(
    month: Annotated[str | None, typer.Option("--month", help="结算年月 YYYY-MM")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """清算申请（3203）清单，与接口告知医院的基金支付对照。What hospitals apply for, beside what they were told."""
    asked = None if month is None else month_of(month)

    async def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        async with engine.connect() as connection:
            found = await load_applications(connection, asked)
            clearings = await taken(connection, found)
            for each in found:
                chosen = Chosen(each.begndate, each.enddate, clr_type=each.clr_type, office=each.clr_optins or None)
                told = sums_of(await hospital_settlements(connection, each.fixmedins_code, chosen))
                yield _told(each, clearings.get(each.clr_appy_evt_id)) | {
                    "settled_count": told.count,
                    "fund_pay_told": yuan(told.funds),
                    "difference": yuan(each.fund_appy_sum - told.funds),
                }

    list_rows(
        data_dir,
        "clearing_applications",
        query,
        json=json,
        out=out,
        title="清算申请 Applications for clearing",
        columns=_COLUMNS,
        cells=_cells,
        empty="没有清算申请 no applications",
    )


def _told(application: ClearingApplication, clearing_id: str | None) -> dict[str, Any]:
    """An application for programs: amounts in yuan, as texts."""
    amounts = ("medfee_sumamt", "med_sumfee", "fund_appy_sum", "cash_payamt", "acct_pay")
    plain = (
        "clr_appy_evt_id",
        "fixmedins_code",
        "clr_optins",
        "clr_type",
        "clr_way",
        "psntime",
        "opter",
        "withdrawn_by",
    )
    withdrawn = application.withdrawn_at
    standing = "standing" if withdrawn is None else "withdrawn"
    return {
        **{name: getattr(application, name) for name in plain},
        **{name: yuan(getattr(application, name)) for name in amounts},
        "month": f"{application.month:%Y-%m}",
        "begndate": application.begndate.isoformat(),
        "enddate": application.enddate.isoformat(),
        "applied_at": application.applied_at.astimezone(COUNTY_TIME).isoformat(),
        "withdrawn_at": None if withdrawn is None else withdrawn.astimezone(COUNTY_TIME).isoformat(),
        "state": "cleared" if clearing_id is not None and withdrawn is None else standing,
        "clearing_id": clearing_id,
    }


def _cells(row: Mapping[str, Any], _names: Names) -> Sequence[Any]:
    state = _STATES.get(row["state"]) or f"已清算 cleared {row['clearing_id']}"
    return (
        *(
            row["clr_appy_evt_id"],
            row["fixmedins_code"],
            row["month"],
            row["clr_type"],
            row["begndate"],
            row["enddate"],
        ),
        *(row["medfee_sumamt"], row["fund_appy_sum"], row["settled_count"], row["fund_pay_told"], row["difference"]),
        *(state, f"{row['applied_at'][:16].replace('T', ' ')} {row['opter']}"),
    )
