"""``/clearing/applications``: what hospitals apply for to be cleared (3203), beside what they were told."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select

from infra.console.authorization import needs
from infra.console.listing import Listing, show_listing
from infra.console.listing_columns import ListColumn, ListFilter
from infra.console.permissions import Permission
from infra.console.visitor import Visitor
from processors.reconciliation.application_rows import application_rows
from processors.visits.clearing_applications import clearing_applications

router = APIRouter()
STATE_NAMES = {"standing": "待清算", "withdrawn": "已撤销", "cleared": "已清算"}
_MONTH = ListFilter("month", "结算年月", "month", "month")
APPLICATIONS = Listing(
    "applications",
    "医院清算申请 Applications for clearing",
    (
        ListColumn("clr_appy_evt_id", "申请", "application", "id"),
        ListColumn("fixmedins_code", "医疗机构", "hospital", "id", lambda row: f"/hospitals/{row['fixmedins_code']}"),
        ListColumn("month", "结算年月", "month"),
        ListColumn("clr_type", "清算类别", "type"),
        ListColumn("begndate", "起", "from", "day"),
        ListColumn("enddate", "止", "to", "day"),
        ListColumn("medfee_sumamt", "医疗费总额", "total", "yuan", summed=True),
        ListColumn("fund_appy_sum", "申报基金", "applied for", "yuan", summed=True),
        ListColumn("settled_count", "接口结算笔数", "settled", "count", summed=True),
        ListColumn("fund_pay_told", "接口告知基金支付", "told", "yuan", summed=True),
        ListColumn("difference", "差额", "difference", "yuan", summed=True),
        ListColumn("state", "状态", "state", names=STATE_NAMES),
        ListColumn(
            "clearing_id",
            "清算单",
            "clearing",
            "id",
            lambda row: f"/clearing/{row['clearing_id']}" if row["clearing_id"] else None,
        ),
        ListColumn("applied_at", "申请时间", "applied at"),
        ListColumn("opter", "经办", "clerk"),
    ),
    (
        _MONTH,
        ListFilter("hospital", "医疗机构", "hospital", column="fixmedins_code"),
        ListFilter("state", "状态", "state", "choice", STATE_NAMES),
    ),
    key=("clr_appy_evt_id",),
)


@router.get("/clearing/applications")
async def applications(
    request: Request, visitor: Annotated[Visitor, needs(Permission.CLEARING)], month: str = ""
) -> Response:
    """Those of the month asked for, or of the last one that has any: each is held against its hospital's claims."""
    if not request.query_params:
        async with visitor.engine.connect() as connection:
            latest = (await connection.execute(select(func.max(clearing_applications.c.month)))).scalar()
        if latest is not None:
            return RedirectResponse(f"/clearing/applications?month={latest:%Y-%m}", 303)
    rows = [row async for row in application_rows(visitor.engine, _MONTH.read(month) if month else None)]
    may_keep = visitor.may(Permission.PAYEES)
    return await show_listing(request, visitor, APPLICATIONS, rows, "clearing/applications.html", may_keep=may_keep)
