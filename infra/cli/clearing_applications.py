"""``claims gateway applications``: what hospitals apply for to be cleared, beside what they were told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import month_of
from infra.cli.names import Names
from infra.cli.options import DataDir, Json
from infra.cli.row_output import OutFile, Row, list_rows
from processors.reconciliation.application_rows import application_rows

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

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        return application_rows(engine, asked)

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
