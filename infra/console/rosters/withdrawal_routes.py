"""``/rosters/withdrawal``: a list that was imported by mistake is tried, and then withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.errors import Refused
from infra.console.form_fields import FormFields
from infra.console.pages import done
from infra.console.permissions import Permission
from infra.console.rosters.fields import period_of, source_of
from infra.console.rosters.list_preview import claims_of, layers_of
from infra.console.rosters.listings import BOOKED, CLAIMS
from infra.console.rosters.table_pages import show_tables
from infra.console.step_access import step_access
from infra.console.visitor import Visitor
from infra.files.region_names import region_named
from infra.operations.ledger_access import events_are_taken
from infra.operations.roster_withdrawal import withdraw_list
from processors.rosters.duty import DEPARTMENT_NAMES
from processors.rosters.effect import effect_of
from processors.rosters.list_comparison import changes_digest
from processors.rosters.period import Period
from processors.rosters.withdrawals import NothingToWithdraw, draw_up_withdrawal

router = APIRouter()
Writer = Annotated[Visitor, needs(Permission.ROSTERS_STEP)]


@router.get("/rosters/withdrawal")
async def trial(request: Request, visitor: Writer, source: str = "", period: str = "") -> Response:
    """What withdrawing a list would put back, and which claims that moves."""
    department, month = source_of(source), period_of(period)
    async with visitor.engine.connect() as connection:
        try:
            withdrawal = await draw_up_withdrawal(connection, department, month)
        except NothingToWithdraw as error:
            raise _nothing(department, month, error) from None
        effect = await effect_of(connection, withdrawal.changes)
    changes = [
        {
            "person_id": change.person_id,
            "category": change.category,
            "change": change.change,
            "effective_on": change.effective_on,
        }
        for change in withdrawal.changes
    ]
    kind, place = department.split("/")
    values = {
        "source": department,
        "period": month,
        "department": DEPARTMENT_NAMES[kind],
        "place": region_named(place),
        "withdrawal": withdrawal,
        "effect": effect,
        "layers": layers_of(effect),
        "seen": changes_digest(withdrawal.changes),
        "taken": await events_are_taken(visitor.engine),
    }
    tables = ((BOOKED, changes), (CLAIMS, claims_of(effect)))
    return await show_tables(request, visitor, tables, "rosters/withdrawal.html", **values)


@router.post("/rosters/withdrawal")
async def withdraw(request: Request, visitor: Writer) -> Response:
    """Withdraw it, if that still changes what was shown."""
    fields = await FormFields.of(request)
    department, month = source_of(fields.raw("source")), period_of(fields.raw("period"))
    who, why, seen = visitor.actor(fields.raw("actor")), fields.words("reason", "撤销原因"), fields.raw("seen")
    async with step_access(request, visitor) as access:
        try:
            withdrawal = await withdraw_list(access, department, month, actor=who, reason=why, seen=seen)
        except NothingToWithdraw as error:
            raise _nothing(department, month, error) from None
    added, removed = withdrawal.count("added"), withdrawal.count("removed")
    message = (
        f"已撤销 {department} {month} 的名单：恢复在册 {added}，取消在册 {removed}；结算单由结算进程随后重算。"
        f"The list was withdrawn: {added} put back on, {removed} taken off"
    )
    return done(visitor, "/rosters", message)


def _nothing(department: str, month: Period, error: NothingToWithdraw) -> Refused:
    months = "、".join(map(str, error.standing)) or "无"
    return Refused(f"{department} 没有 {month} 的名单可撤销，现有：{months}。No list of that month stands")
