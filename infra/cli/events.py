"""``claims events`` schemas, asyncapi, openapi."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from events.schemas import json_schemas
from infra.border.answers import answer_documents
from infra.border.asyncapi import asyncapi_yaml
from infra.cli.arguments import file_of
from infra.cli.output import note
from infra.files.atomic import READABLE, write_atomically

events = typer.Typer(no_args_is_help=True, help="事件格式。The events as JSON Schemas, AsyncAPI and OpenAPI.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(events, name="events")


@events.command("schemas")
def export(
    out: Annotated[Path, typer.Option("--out", help="目录 folder")] = Path("docs/schemas"),
) -> None:
    """导出事件与回执的 JSON Schema。Write a JSON Schema of each intake type, each answer, each request and reply."""
    out.mkdir(parents=True, exist_ok=True)
    schemas = json_schemas() | answer_documents()
    for name, schema in schemas.items():
        text = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        write_atomically(out / f"{name}.json", text, READABLE)
    note(f"{len(schemas)} → {out}")


@events.command()
def asyncapi(
    out: Annotated[Path, typer.Option("--out", help="文件 file")] = Path("docs/asyncapi.yaml"),
) -> None:
    """导出 AsyncAPI 文档。Write what sources send and hear over NATS as an AsyncAPI 3.0 document."""
    write_atomically(file_of(out, (".yaml",)), asyncapi_yaml().encode(), READABLE)
    note(f"已写入 written: {out}（AsyncAPI 3.0）")


@events.command()
def openapi(
    out: Annotated[Path, typer.Option("--out", help="文件 file")] = Path("docs/openapi.json"),
) -> None:
    """导出 OpenAPI 文档。Write what hospitals call over plain HTTP as an OpenAPI 3.1 document."""
    from infra.gateway.plain.openapi import openapi_text  # here: no other command pays for what serves HTTP

    write_atomically(file_of(out, (".json",)), openapi_text(), READABLE)
    note(f"已写入 written: {out}（OpenAPI 3.1）")
