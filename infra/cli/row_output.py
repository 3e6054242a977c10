"""A command that lists rows: JSON Lines for programs, a table for clerks."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.options import settings_of
from infra.cli.output import print_json, table
from infra.cli.session import reading, run

Row = Mapping[str, Any]


def list_rows(
    data_dir: Path | None,
    command: str,
    query: Callable[[AsyncEngine], AsyncIterator[Row]],
    *,
    json: bool,
    title: str,
    columns: str,
    cells: Callable[[Row], tuple[str, ...]],
    right: Sequence[int] = (),
) -> NoReturn:
    """Print what a query of the ledger gives, and exit with 0.

    ``columns`` are the table's headings, separated by commas; ``right`` are the columns of figures.
    """

    async def main() -> int:
        async with reading(settings_of(data_dir), command) as engine:
            if json:
                async for row in query(engine):
                    print_json([row])
            else:
                table(title, columns.split(","), [cells(row) async for row in query(engine)], right=right)
        return 0

    sys.exit(run(main))
