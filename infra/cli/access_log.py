"""``claims access log``: who looked at whom in the console."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import day_of
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.row_output import OutFile, Row, list_rows
from infra.words.looks import LOOKED_PAGE_NAMES
from processors.access_log.listings import look_rows


def log(
    person: PersonId = None,
    login: Annotated[str | None, typer.Option("--login", help="登录名 login of the database")] = None,
    since: Annotated[str | None, typer.Option("--since", help="自哪一天起 from a day on, 2026-03-01")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """查阅记录：谁看过哪位参保人的哪一页，最新的在上。Who looked at which person, newest first."""
    first = None if since is None else day_of(since, "--since")

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        return look_rows(engine, person_id=person, login=login, since=first)

    list_rows(
        data_dir,
        "access",
        query,
        json=json,
        out=out,
        title="查阅记录 Looks at persons",
        columns="序号 number:count,时间 at,登录名 login,所有者 owner,参保人 person,页面 page,案件 case,事由 reason",
        cells=_cells,
    )


def _cells(row: Row, _names: Names) -> Sequence[Any]:
    at = f"{row['at']:%Y-%m-%d %H:%M:%S}"
    page = LOOKED_PAGE_NAMES.get(row["page"], row["page"])
    said = (row["login"], row["owner"], row["person_id"], page, row["case_id"], row["reason"])
    return [row["number"], at, *said]
