"""``/operations/access``: logins of the database and sources of NATS, for the database's owner."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from infra.access.logins import GROUPS, Login, create_login, drop_login, logins, rotate_login
from infra.access.users import read_users, users_of
from infra.console.authorization import needs
from infra.console.operations.latest import latest_look
from infra.console.pages import done, render
from infra.console.permissions import GROUP_NAMES, Permission
from infra.console.state import state_of
from infra.console.visitor import Visitor

router = APIRouter()
Owner = Annotated[Visitor, needs(Permission.OWNER)]
Name = Annotated[str, Form(max_length=100)]
KIND_NAMES = {
    "hospital": "医疗机构",
    "bureau": "医保局",
    "civil-affairs": "民政部门",
    "poverty-office": "扶贫部门",
    "payer": "付款方",
}


@router.get("/operations/access")
async def access(request: Request, visitor: Owner) -> Response:
    """Who may use the database, who may send and hear over NATS."""
    state = state_of(request)
    found = await logins(visitor.engine)
    look = await latest_look(state)
    users = read_users(state.settings.data_dir / "nats") if state.settings.external is None else {}
    passwords = {mailbox.source: len(users_of(users, mailbox.source)) for mailbox in look.state.mailboxes}
    return render(
        request,
        "operations/access.html",
        logins=found,
        login_names={login.name: login.name for login in found},
        groups={group: f"{GROUP_NAMES[group]} {group}" for group in GROUPS},
        look=look,
        passwords=passwords,
        kinds=KIND_NAMES,
        embedded=state.settings.external is None,
    )


@router.post("/operations/access/logins")
async def create(request: Request, visitor: Owner, login: Name, group: Name) -> Response:
    """Make a login; its password is shown this once."""
    made = Login(login.strip(), group)
    return _told(request, visitor, made, await create_login(visitor.engine, made), "已建立登录。A login was made")


@router.post("/operations/access/logins/rotate")
async def rotate(request: Request, visitor: Owner, login: Name) -> Response:
    """Give a login a new password, shown this once."""
    made, password = await rotate_login(visitor.engine, login.strip())
    return _told(request, visitor, made, password, "已换密码，旧密码作废。A new password; the old one ended")


@router.post("/operations/access/logins/drop")
async def drop(visitor: Owner, login: Name) -> Response:
    """End a login."""
    dropped = await drop_login(visitor.engine, login.strip())
    message = f"已删除登录 {dropped.name}，其连接已断开。Login {dropped.name} was dropped and disconnected"
    return done(visitor, "/operations/access", message)


def _told(request: Request, visitor: Visitor, made: Login, password: str, message: str) -> Response:
    url = visitor.engine.url
    server = f"{url.host}:{url.port or 5432}/{url.database}"
    return render(
        request,
        "operations/login.html",
        made=made,
        password=password,
        server=server,
        message=message,
        group=GROUP_NAMES[made.group],
    )
