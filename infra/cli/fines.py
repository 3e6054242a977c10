"""``claims fines``: the register of fines on hospitals."""

from typing import Annotated, Any

import typer

from infra.cli import empty_lists
from infra.cli.names import Names
from infra.cli.options import DataDir, Json
from infra.cli.row_output import OutFile, Row, list_rows
from processors.queries import listings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fines)


def fines(
    hospital: Annotated[str | None, typer.Option("--hospital", help="医疗机构编号 hospital_id")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """行政处罚：对医疗机构的罚款。Fines on hospitals: a register of its own, apart from audit deductions."""
    list_rows(
        data_dir,
        "fines",
        lambda engine: listings.fine_rows(engine, hospital_id=hospital),
        json=json,
        out=out,
        title="罚款 Fines",
        columns="处罚编号 fine,医疗机构 hospital,金额 amount:money+,日期 imposed on:day,原因 reason,依据 clause,"
        "作出机关 source,被替换为 replaced by",
        cells=_cells,
        empty=empty_lists.narrowed(empty_lists.FINES, hospital=hospital),
    )


def _cells(row: Row, names: Names) -> tuple[Any, ...]:
    told = (row[name] for name in ("amount", "imposed_on", "reason", "clause", "source", "replaced_by"))
    return row["fine_id"], names.hospital(row["hospital_id"]), *told
