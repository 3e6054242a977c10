"""``claims gateway lines`` and ``looks``: what hospitals have sent and asked, for investigators."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import id_of
from infra.cli.looks import looked
from infra.cli.names import Names
from infra.cli.options import DataDir, Json, PersonId
from infra.cli.row_output import OutFile, Row, list_rows
from infra.words.fee_lines import PRICED_BY_NAMES
from processors.visits.listings import line_rows, look_rows
from processors.visits.settlements import settlement_of_claim

_PARTS = ("amount", "self_funded", "over_limit", "upfront_copay", "in_scope")


def lines(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="结算单编号 claim_id")],
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """一张结算单的费用明细，按医院上传时的分项，记入查阅记录。The fee lines of a claim over the gateway; a look."""
    claim = id_of(claim_id, "CLAIM")

    async def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        async with engine.connect() as connection:
            settlement = await settlement_of_claim(connection, claim)
        if settlement is not None:
            await looked(engine, settlement.psn_no, "fee lines")
        async for row in line_rows(engine, claim):
            yield row

    list_rows(
        data_dir,
        "gateway",
        query,
        json=json,
        out=out,
        title="费用明细 Fee lines",
        columns="流水号 line,退 refunds,日期 day,目录编码 code,院内编码 own code,数量 count,单价 price,"
        "金额 amount:money+,全自费 self funded:money+,超限价 over limit:money+,先行自付 upfront:money+,"
        "政策范围内 in scope:money+,依据 priced by",
        cells=_line_cells,
        empty="没有这张结算单，或它不是经接口结算的 no such claim came over the gateway",
    )


def looks(
    person: PersonId = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="机构编号 hospital_id")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """医院经接口查过谁，最新的在上。Whom hospitals have asked about over the gateway, newest first."""
    asked = None if person is None else id_of(person, "--person")
    by = None if hospital is None else id_of(hospital, "--hospital")

    def query(engine: AsyncEngine) -> AsyncIterator[Row]:
        return look_rows(engine, psn_no=asked, fixmedins_code=by)

    list_rows(
        data_dir,
        "gateway",
        query,
        json=json,
        out=out,
        title="医院查询记录 Looks of hospitals",
        columns="序号 number:count,时间 at,机构 hospital,经办 clerk,交易 infno,报文 msgid,参保人 person",
        cells=_look_cells,
    )


def _line_cells(row: Row, _names: Names) -> Sequence[Any]:
    said = (row["line"], row["refunds"], row["day"], row["code"], row["own_code"], row["count"], row["price"])
    return [*said, *(row[part] for part in _PARTS), PRICED_BY_NAMES[row["priced_by"]]]


def _look_cells(row: Row, names: Names) -> Sequence[Any]:
    at = f"{row['at']:%Y-%m-%d %H:%M:%S}"
    said = (row["opter"], row["infno"], row["msgid"], row["psn_no"])
    return [row["number"], at, names.hospital(row["fixmedins_code"]), *said]
