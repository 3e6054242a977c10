"""``claims access``: who may send and hear over NATS, who may use the database, who looked at whom."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
import typer
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import BUREAU, HOSPITAL
from infra.access.logins import GROUPS, Login, LoginError, create_login, drop_login, logins, rotate_login
from infra.access.mailboxes import close_mailbox, open_mailbox, owners
from infra.access.passwords import bcrypt_hash, new_password
from infra.access.sources import PAYER, NotASource, Source
from infra.access.users import Users, changing_users, read_users, users_of
from infra.cli.access_log import log
from infra.cli.arguments import listed, unknown_fund, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout, table
from infra.cli.session import database_of, ledger_servers, require_ledger, run
from infra.embedded.nats import reload
from infra.servers import Endpoints
from infra.settings import Settings
from infra.worker.worker import worker
from processors.law.terms import ledger_terms

Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate", help="换密码，旧密码仍有效 a new password beside the old one, which holds until --end-old"
    ),
]
EndOld = Annotated[bool, typer.Option("--end-old", help="旧密码作废 ends older passwords; disconnects who uses them")]
Revoke = Annotated[bool, typer.Option("--revoke", help="撤销 end the access; disconnects")]
Region = Annotated[str, typer.Argument(help="统筹区代码 region, GB/T 2260", metavar="REGION")]

app = typer.Typer(help="权限：NATS 用户和数据库登录。Users of NATS, logins of the database.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="access")
    app.command("log")(log)


@app.command()
def hospital(
    number: Annotated[str, typer.Argument(help="医疗机构编号 hospital_id", metavar="HOSPITAL_ID")],
    rotate: Rotate = False,
    end_old: EndOld = False,
    revoke: Revoke = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """医院的用户。A hospital's user: sends its own events, reads its own answers."""
    _grant(
        HOSPITAL, number, change=_change(rotate=rotate, end_old=end_old, revoke=revoke), data_dir=data_dir, json=json
    )


@app.command()
def bureau(
    region: Region,
    rotate: Rotate = False,
    end_old: EndOld = False,
    revoke: Revoke = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """医保局的用户。A bureau's user."""
    _grant(BUREAU, region, change=_change(rotate=rotate, end_old=end_old, revoke=revoke), data_dir=data_dir, json=json)


@app.command()
def office(
    kind: Annotated[str, typer.Argument(help="civil-affairs 民政, poverty-office 扶贫办", metavar="KIND")],
    region: Region,
    rotate: Rotate = False,
    end_old: EndOld = False,
    revoke: Revoke = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """民政、扶贫部门的用户。An office's user."""
    if kind in (HOSPITAL, BUREAU):
        raise unusable(f"应写成 claims access {kind} {region}", f"Write `claims access {kind} {region}`", "KIND")
    _grant(kind, region, change=_change(rotate=rotate, end_old=end_old, revoke=revoke), data_dir=data_dir, json=json)


@app.command()
def payer(
    fund: Annotated[
        str, typer.Argument(help="基金.统筹区 fund and region: critical_illness.360123", metavar="FUND.REGION")
    ],
    rotate: Rotate = False,
    end_old: EndOld = False,
    revoke: Revoke = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """付款方的用户。A payer's user: reads what is booked on its fund in its region."""
    _grant(PAYER, fund, change=_change(rotate=rotate, end_old=end_old, revoke=revoke), data_dir=data_dir, json=json)


@app.command()
def database(
    login: Annotated[str, typer.Option("--login", help="登录名 name of the login", metavar="NAME")],
    role: Annotated[str | None, typer.Option("--role", help="角色 " + ", ".join(GROUPS))] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="换密码 a new password; the old one ends")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="删除 drop the login; disconnects")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """数据库登录。A login of the database with the rights of one role."""
    settings = settings_of(data_dir)
    if rotate and drop:
        raise unusable("--rotate 和 --drop 只能用一个", "Not both", "--rotate")
    if role is None and not (rotate or drop):
        raise unusable(f"须指定角色，可用的有 {listed(GROUPS)}", "Name one of these roles", "--role")

    async def main() -> int:
        require_ledger(settings)
        async with database_of(settings, "access") as engine:
            try:
                if drop:
                    dropped = await drop_login(engine, login)
                    _told({"login": dropped.name, "role": dropped.group, "dropped": True}, json=json)
                    return 0
                if rotate:
                    made, password = await rotate_login(engine, login)
                else:
                    made = Login(login, role or "")
                    password = await create_login(engine, made)
            except LoginError as error:
                fail(str(error))
                return 2
            url = engine.url.set(drivername="postgresql", username=made.name, password=password)
            told = {"login": made.name, "role": made.group, "password": password}
            _told(told | {"database_url": url.render_as_string(hide_password=False)}, json=json)
            _once()
        return 0

    sys.exit(run(main))


@app.command(name="list")
def list_(data_dir: DataDir = None, json: Json = False) -> None:
    """已授权的用户。Who has access: sources of NATS, logins of the database."""
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        async with _at(settings) as place:
            users = list(await _users(place))
            found = await logins(place.engine)
        rows = [("nats", user, Source.named(user).kind) for user in sorted(users)]
        rows += [("postgresql", login.name, login.group) for login in found]
        if json:
            print_json({"server": server, "name": name, "role": role} for server, name, role in rows)
        else:
            table("权限 Access", ("服务器 server", "用户 name", "角色 role"), rows)
        return 0

    sys.exit(run(main))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where users are: ``folder`` is that of an embedded nats-server, None where NATS is given from outside."""

    endpoints: Endpoints
    js: JetStreamContext
    engine: AsyncEngine
    folder: Path | None


@asynccontextmanager
async def _at(settings: Settings) -> AsyncIterator[_Place]:
    async with (
        ledger_servers(settings, "access", nats=True) as endpoints,
        worker(endpoints.database_url, endpoints.nats_url, settings) as ours,  # its streams are there
    ):
        folder = settings.data_dir / "nats" if settings.external is None else None
        yield _Place(endpoints, ours.broker.connection.jetstream(), ours.engine, folder)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is done to a source's users beside making the first one."""

    rotate: bool
    end_old: bool
    revoke: bool


def _change(*, rotate: bool, end_old: bool, revoke: bool) -> _Change:
    if revoke and (rotate or end_old):
        raise unusable("--revoke 作废所有密码，应单独使用", "It ends every password: give it alone", "--revoke")
    return _Change(rotate, end_old, revoke)


def _grant(kind: str, id_: str, *, change: _Change, data_dir: Path | None, json: bool) -> None:
    settings = settings_of(data_dir)
    try:
        source = Source(kind, id_)
    except NotASource as error:
        raise typer.BadParameter(str(error)) from None

    async def main() -> int:
        require_ledger(settings)
        async with _at(settings) as place:
            if change.revoke:
                return await _revoke(place, source, json=json)
            if source.kind == PAYER and not await _is_fund(place, source.id.partition(".")[0]):
                return 2
            return await _let_in(place, source, change, json=json)

    sys.exit(run(main))


async def _is_fund(place: _Place, fund: str) -> bool:
    """Whether a fund is known in the ledger; says which are where it is not."""
    async with place.engine.connect() as connection:
        known = (await ledger_terms(connection)).funds
    problem = unknown_fund(fund, known)
    if problem is not None:
        fail(problem)
    return problem is None


async def _users(place: _Place) -> Users:
    """The users that are known: those of the embedded server, or the first one of each source that has a mailbox."""
    if place.folder is None:
        return {source.user: "" for source in await owners(place.engine)}
    return read_users(place.folder)


async def _let_in(place: _Place, source: Source, change: _Change, *, json: bool) -> int:
    known = users_of(await _users(place), source)
    if (change.rotate or change.end_old) and not known:
        fail(f"没有此用户 there is no user {source.user}: without --rotate and --end-old one is made")
        return 2
    await open_mailbox(place.engine, place.js, source)
    if known and not change.rotate:
        if change.end_old:
            await _end_older(place, source)
        _told(_address(place, source, known[-1], None), json=json)
        if not change.end_old:
            note("已有此用户，信箱在 the user is there, and its mailbox; --rotate 换密码 gives it a new password")
        return 0
    user, password = source.next_user() if known else source.user, new_password()
    hashed = bcrypt_hash(password)
    told = _address(place, source, user, password)
    if place.folder is None:
        told["server_user"] = source.entry(user, hashed)
    else:
        with changing_users(place.folder) as users:
            for older in users_of(users, source)[:-1]:  # the newest stays, for clients that have not changed yet
                del users[older]
            users[user] = hashed
        await reload(place.folder)
    if change.end_old:
        await _end_older(place, source)
    _told(told, json=json)
    _once()
    if place.folder is None:
        note(
            "将 server_user 写入 NATS 配置的 SOURCES 账户并重新加载 put it among the users of SOURCES, and reload NATS"
        )
    if known and not change.end_old:
        note(
            "旧密码仍有效，改用后用 --end-old 作废 the old password holds: once the new one is used, --end-old ends it"
        )
    return 0


async def _end_older(place: _Place, source: Source) -> None:
    """End every password of a source but the one made last."""
    if place.folder is None:
        note("从 NATS 配置中删除旧用户并重新加载 remove the older users of the source from SOURCES, and reload NATS")
        return
    with changing_users(place.folder) as users:
        for older in users_of(users, source)[:-1]:
            del users[older]
    await reload(place.folder)


async def _revoke(place: _Place, source: Source, *, json: bool) -> int:
    known = await close_mailbox(place.engine, place.js, source)
    if place.folder is not None:
        with changing_users(place.folder) as users:
            ours = users_of(users, source)
            known = bool(ours)
            for user in ours:
                del users[user]
        await reload(place.folder)
    if not known:
        fail(f"没有此用户 there is no user {source.user}")
        return 2
    _told({"user": source.user, "revoked": True}, json=json)
    if place.folder is None:
        note("从 NATS 配置中删除该用户并重新加载 remove the user from SOURCES, and reload NATS: until then it can send")
    return 0


def _address(place: _Place, source: Source, user: str, password: str | None) -> dict[str, Any]:
    """What a source's programmer needs; the URL holds the password where there is a new one."""
    return {
        "user": user,
        "password": password,
        "nats_url": ",".join(_as(url, user, password) for url in place.endpoints.nats_url.split(",")),
        "inbox_prefix": source.inbox_prefix,
        "publish": source.intake,
        "stream": source.stream,
        "mailbox": source.mailbox,
    }


def _as(url: str, user: str, password: str | None) -> str:
    parts = urlsplit(url.strip())
    named = user if password is None else f"{user}:{password}"
    return parts._replace(netloc=f"{named}@{parts.netloc.rpartition('@')[2]}").geturl()


def _told(values: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json([values])
        return
    for name, value in values.items():
        if value is not None:
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            stdout.print(f"{name}: {text}", highlight=False, markup=False, soft_wrap=True)


def _once() -> None:
    note("密码只显示这一次 the password is shown this once and kept nowhere")
