"""The options of ``claims whatif``."""

from pathlib import Path
from typing import Annotated

import typer

from processors.simulation.groups import KINDS

MOST_WORKERS = 64

Reforms = Annotated[
    list[str],
    typer.Argument(
        metavar="[check | budget] REFORM…",
        help="改革文件；前面写 check 只看改动，写 budget 按目标求值 files of reforms; after check only told, "
        "after budget a goal's value is looked for",
    ),
]
Since = Annotated[
    str | None, typer.Option("--since", help="自此日期起的结算单适用 it holds for claims dated this day or later")
]
Until = Annotated[
    str | None, typer.Option("--until", help="至此日期前的结算单适用 it holds for claims dated before this day")
]
Region = Annotated[str | None, typer.Option("--region", help="统筹区 only this region's people")]
By = Annotated[
    str, typer.Option("--by", help=f"分组，逗号分开 broken down by, with commas between: {'、'.join(KINDS)}")
]
Persons = Annotated[
    bool, typer.Option("--persons", help="个人负担的分布，受益和受损最多的人 how what persons bear is spread")
]
HouseholdLine = Annotated[
    str | None, typer.Option("--household-line", help="户年负担超过多少元 households that bear more yuan in a year")
]
Publish = Annotated[
    bool,
    typer.Option("--publish", help="供公布：少于 11 人的不显示 for publication: nothing of fewer than 11 persons"),
]
AssumptionsFile = Annotated[
    Path | None,
    typer.Option("--assumptions", help="假设文件：基金结余、收入、增长 a file: balances, incomes, growth"),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="写入文件夹：网页、xlsx、parquet、结果 a folder for page, tables, result"),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, max=MOST_WORKERS, help="进程数 how many processes settle")
]
Cluster = Annotated[
    str | None, typer.Option("--cluster", help="Dask 调度器地址 a Dask scheduler's address, tcp://HOST:PORT")
]
