"""``/operations``: lanes and servers, live; refused, waiting and parked events; backups, seals, proofs and access."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.console.authorization import needs
from infra.console.background import WorkOutcome, WorkProgress
from infra.console.errors import Refused
from infra.console.group import MenuEntry, PageGroup, Shortcut, Task
from infra.console.listing import show_listing
from infra.console.operations import lists, logins, proofs, resettlement, seals
from infra.console.operations.latest import latest_look
from infra.console.pages import render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.step_access import beside_workers
from infra.console.visitor import Visitor
from infra.operations.operation_state import LaneState
from infra.operations.release import Released, release
from processors.backup.retention import KEPT_FOR, backups
from processors.delivery.lane_owners import load_owners
from processors.delivery.layout import partitions_of
from processors.delivery.parked_runs import parked
from processors.delivery.release import load_parked_runs
from projections.persons import persons
from projections.refusals import refusals
from projections.waiting_discharges import waiting

router = APIRouter()
for each in (seals, proofs, resettlement, logins):
    router.routes.extend(each.router.routes)
Reader = Annotated[Visitor, needs(Permission.OPERATIONS)]
Operator = Annotated[Visitor, needs(Permission.OPERATIONS_STEP)]
RELEASED_NAMES = {
    "settled": ("已结算", "settled"),
    "parked": ("仍挂起", "parked"),
    "on_the_way": ("处理中", "on the way"),
}
WAYS = (
    ("/operations/proof", "验账、比较投影", "verify, rebuild --dry-run", Permission.PROOF),
    ("/operations/seals", "封账、核对封账", "seals", Permission.PROOF),
    ("/operations/resettle", "重新结算", "resettle", Permission.OPERATIONS_STEP),
    ("/operations/access", "登录和来源", "logins and sources", Permission.OWNER),
)
"""What else there is: path, Chinese, English, and what it asks of a visitor."""
MOST_TOLD = 20
MOST_COUNTED = 10_000


@router.get("/operations")
async def operations(request: Request, visitor: Reader) -> Response:
    """Lanes and servers as they are now, and the ways to all else."""
    async with visitor.engine.connect() as connection:
        refused, waits = await _number(connection, refusals), await _number(connection, waiting)
        backup = await _last_backup(connection)
    works = [work for work in state_of(request).works.of(visitor) if work.state == "running"]
    return render(
        request,
        "operations/operations.html",
        refused=refused,
        waits=waits,
        counted=MOST_COUNTED,
        backup=backup,
        works=works,
        ways=[way[:3] for way in WAYS if visitor.may(way[3])],
        live=await _live(request),
    )


@router.get("/operations/live", dependencies=[needs(Permission.OPERATIONS)])
async def live(request: Request) -> Response:
    """The part of the page that changes by itself."""
    return render(request, "operations/live.html", live=await _live(request))


@router.get("/operations/refusals")
async def refusal_list(request: Request, visitor: Reader) -> Response:
    """Refused events, the last first."""
    return await show_listing(request, visitor, lists.REFUSALS, lists.refusals_query(), "operations/refusals.html")


@router.get("/operations/waiting")
async def waiting_list(request: Request, visitor: Reader) -> Response:
    """Events that wait, the oldest first."""
    return await show_listing(request, visitor, lists.WAITING, lists.waiting_query(), "operations/waiting.html")


@router.get("/operations/parked")
async def parked_list(request: Request, visitor: Reader) -> Response:
    """Runs that could not be handled, and the step that lets them go on."""
    return await show_listing(
        request,
        visitor,
        lists.PARKED,
        lists.parked_query(),
        "operations/parked.html",
        names=lists.CONSUMER_NAMES,
        may_release=visitor.may(Permission.OPERATIONS_STEP),
    )


@router.post("/operations/parked/release")
async def release_parked(
    request: Request,
    visitor: Operator,
    person: Annotated[str, Form(max_length=200)] = "",
    consumer: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Let parked runs go on, all or of one person or consumer."""
    state = state_of(request)
    wanted_person, wanted_consumer = person.strip() or None, consumer.strip() or None

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        async with engine.connect() as connection:
            wanted = await load_parked_runs(connection, person_id=wanted_person, consumer=wanted_consumer)
            partitions = await partitions_of(connection) or 1
        if not wanted:
            raise Refused("没有符合的挂起批次。No run that is parked fits")
        progress.set(0, None, f"释放 {len(wanted)} 个批次 releasing")
        async with beside_workers(state, engine, {run.consumer for run in wanted}) as access:
            return _released(await release(engine, access.client, partitions, wanted))

    started = state.works.start(visitor, "release", "释放挂起批次 Release parked runs", work)
    return RedirectResponse(f"/jobs/{started.id}", 303)


@router.get("/operations/backups")
async def backup_list(request: Request, visitor: Reader) -> Response:
    """Backups that were made, and how long a restore of the last can be followed by what came after."""
    async with visitor.engine.connect() as connection:
        backup = await _last_backup(connection)
    return await show_listing(
        request,
        visitor,
        lists.BACKUPS,
        lists.backups_query(),
        "operations/backups.html",
        backup=backup,
        kept_days=KEPT_FOR.days,
    )


async def _live(request: Request) -> dict[str, object]:
    look = await latest_look(state_of(request))
    workers: dict[str, list[LaneState]] = {}
    for lane in look.state.lanes:
        if lane.owner is not None:
            workers.setdefault(lane.owner, []).append(lane)
    return {"look": look, "workers": workers, "consumer_names": lists.CONSUMER_NAMES}


async def _number(connection: AsyncConnection, rows: Table) -> int:
    """How many rows, up to one more than are counted: nobody waits for a count of millions."""
    some = select(rows.c.number).limit(MOST_COUNTED + 1).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


async def _last_backup(connection: AsyncConnection) -> dict[str, object] | None:
    """When the last complete backup was begun, and for how many seconds INTAKE still keeps what came after it."""
    made_at = await connection.scalar(select(func.max(backups.c.made_at)).where(backups.c.complete))
    if made_at is None:
        return None
    left = lists.retention_ends(made_at).total_seconds()
    return {"made_at": made_at, "age_s": KEPT_FOR.total_seconds() - left, "left_s": left}


def _released(outcomes: Sequence[Released]) -> WorkOutcome:
    counts = {state: sum(each.state == state for each in outcomes) for state in RELEASED_NAMES}
    facts: list[tuple[str, str, object]] = [(*RELEASED_NAMES[state], number) for state, number in counts.items()]
    again = [each for each in outcomes if each.state == "parked"][:MOST_TOLD]
    facts += [
        (f"{each.person_id} {lists.CONSUMER_NAMES[each.consumer]}", "parked again", each.reason) for each in again
    ]
    good = counts["settled"] == len(outcomes)
    message = (
        "全部继续并已结算。All of them went on and are settled"
        if good
        else "没有全部结算：仍挂起的见原因，处理中的由结算进程继续。Not all are settled: see why below"
    )
    return WorkOutcome(message, facts, "/operations/parked", good=good)


async def _tasks(visitor: Visitor) -> list[Task]:
    """What an operator should see to."""
    if not visitor.may(Permission.OPERATIONS_STEP):
        return []
    async with visitor.engine.connect() as connection:
        runs = int(await connection.scalar(select(func.count()).select_from(parked)) or 0)
        idle = not await load_owners(connection)
        backup = await _last_backup(connection)
        used = await connection.scalar(select(persons.c.person_id).limit(1)) is not None
    due = used and (backup is None or float(str(backup["left_s"])) < 0)
    return [
        Task("/operations/parked", "挂起的批次", "parked runs", runs, urgent=True),
        Task("/operations", "没有结算进程在运行", "no worker runs", int(idle), urgent=True),
        Task("/operations/backups", f"待做备份（{KEPT_FOR.days} 天内没有）", "backup to make, none of late", int(due)),
    ]


GROUP = PageGroup(
    router,
    (
        MenuEntry(
            "/operations",
            "运行",
            "operations",
            Permission.OPERATIONS,
            70,
            told="积压、挂起、拒收、备份",
            shortcuts=(
                Shortcut("/operations/proof", "验账"),
                Shortcut("/operations/seals", "封账"),
                Shortcut("/operations/resettle", "重新结算", Permission.OPERATIONS_STEP),
                Shortcut("/operations/access", "登录和来源", Permission.OWNER),
            ),
        ),
    ),
    tasks=_tasks,
)
