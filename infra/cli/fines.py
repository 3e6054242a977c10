"""``claims fines``: the register of fines on hospitals."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.cli.options import DataDir, Json
from infra.cli.row_output import list_rows
from processors.queries import listings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fines)


def fines(
    hospital: Annotated[str | None, typer.Option("--hospital", help="医疗机构编号 hospital_id")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """行政处罚：对医疗机构的罚款。Fines on hospitals: a register of its own, apart from audit deductions."""
    list_rows(
        data_dir,
        "fines",
        lambda engine: listings.fine_rows(engine, hospital_id=hospital),
        json=json,
        title="罚款 Fines（元 yuan）",
        columns="处罚编号 fine,医疗机构 hospital,金额 amount,日期 imposed on,原因 reason,依据 clause,作出机关 source",
        cells=_cells,
        right=(2,),
    )


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("fine_id", "hospital_id", "amount", "imposed_on", "reason", "clause", "source")
    return tuple(row[name] or "—" for name in names)
