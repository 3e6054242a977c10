"""Options that many commands take."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.logs import configure
from infra.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="数据目录 where the embedded servers keep the ledger (CLAIMS_DATA_DIR)"),
]
Json = Annotated[bool, typer.Option("--json", help="JSON Lines on stdout")]
Listen = Annotated[str, typer.Option("--listen", help="监听地址 where to listen; port 0 takes a free one")]
PersonId = Annotated[str | None, typer.Option("--person", help="参保人编号 person_id")]


def _said(fault: ErrorDetails) -> str:
    """A fault of the settings, with the variable that it is about."""
    names = "".join(f"CLAIMS_{name}: ".upper() for name in fault["loc"])
    return names + fault["msg"].removeprefix("Value error, ")


def settings_of(data_dir: Path | None, *, json_logs: bool = False) -> Settings:
    """The settings of this call; logging is set up by them. Exits with 2 where they can't be used."""
    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(map(_said, error.errors()))
        raise typer.BadParameter(f"环境变量不可用：{faults} (environment variables)") from None
    configure(settings.log_level, json=json_logs)
    return settings if data_dir is None else settings.model_copy(update={"data_dir": data_dir})
