"""``/jobs``: works in the background, their progress, their end."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from infra.console.authorization import needs
from infra.console.background import STATE_NAMES, cancel_work
from infra.console.errors import Forbidden, NotFound
from infra.console.group import PageGroup
from infra.console.pages import done, render
from infra.console.permissions import Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor

router = APIRouter()
Anybody = Annotated[Visitor, needs(Permission.HOME)]


@router.get("/jobs")
async def jobs(request: Request, visitor: Anybody) -> Response:
    """Those that the visitor may see."""
    await visitor.require_login()
    works = state_of(request).works.of(visitor)
    return render(request, "jobs/jobs.html", works=works, states=STATE_NAMES)


@router.get("/jobs/{work_id}")
async def job(request: Request, visitor: Anybody, work_id: str) -> Response:
    """One of them; the page asks again while it runs."""
    await visitor.require_login()
    work = state_of(request).works.find(visitor, work_id)
    return render(request, "jobs/job.html", work=work, states=STATE_NAMES)


@router.post("/jobs/{work_id}/cancel")
async def cancel(request: Request, visitor: Anybody, work_id: str) -> Response:
    """Cancel one's own, or any of them for who may step in."""
    await visitor.require_login()
    work = state_of(request).works.find(visitor, work_id)
    await cancel_work(work, visitor.login)
    return done(visitor, f"/jobs/{work.id}", "已请求取消。Asked to cancel")


@router.get("/jobs/{work_id}/file")
async def file(request: Request, visitor: Anybody, work_id: str) -> Response:
    """The file that a work has made: for who started it, since it holds what that login may see."""
    await visitor.require_login()
    work = state_of(request).works.find(visitor, work_id)
    if not work.is_of(visitor):
        raise Forbidden("文件只给发起的登录。The file is for the login that asked for it")
    if work.outcome is None or work.outcome.file is None:
        raise NotFound("没有文件。There is no file")
    made = work.outcome.file
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type=made.media_type, headers=headers)


GROUP = PageGroup(router)
