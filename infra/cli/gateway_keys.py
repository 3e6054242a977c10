"""``claims gateway keys``: API keys by which hospitals' programs call plain HTTP."""

import hashlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalog import HOSPITAL
from infra.access.passwords import new_password
from infra.cli.arguments import Actor, actor_of, id_of, unusable
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, table
from infra.cli.session import ledger_servers, migrate_and_learn, reading, require_ledger, run
from infra.files.key_file import GATEWAY as KEYS
from infra.files.key_file import key_ring
from infra.postgres.engine import connect
from processors.offices.keys import KeyRing
from processors.offices.refusal import StepRefused
from processors.visits.api_keys import add_api_key, end_api_key
from processors.visits.hospital_settings import ApiKey
from processors.visits.hospital_steps import standing_hospitals

SourceOption = Annotated[
    str, typer.Option("--source", help="来源，如 hospital/H2206213 whom the key speaks for", metavar="KIND/ID")
]
KeyName = Annotated[str, typer.Argument(help="密钥名称 what it is called, such as billing", metavar="NAME")]

keys = typer.Typer(no_args_is_help=True, help="HTTP接口的密钥：发放、停用。API keys of plain HTTP.")


@keys.command()
def add(name: KeyName, source: SourceOption, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """发放密钥，只显示这一次。Give a hospital a key, which is shown this once; the ledger keeps its hash."""
    who, hospital_id, called = actor_of(actor), _hospital(source), id_of(name, "NAME")
    text = new_password()
    key = ApiKey(called, hashlib.sha256(text.encode()).hexdigest())

    async def step(engine: AsyncEngine, ring: KeyRing) -> None:
        await add_api_key(engine, ring, hospital_id, key, who)

    _run(data_dir, step, {"source": source, "name": called, "key": text}, json=json)


@keys.command()
def end(name: KeyName, source: SourceOption, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """停用密钥，一秒内生效。End a key: from a second later on calls with it are refused."""
    who, hospital_id, called = actor_of(actor), _hospital(source), id_of(name, "NAME")

    async def step(engine: AsyncEngine, ring: KeyRing) -> None:
        await end_api_key(engine, ring, hospital_id, called, who)

    _run(data_dir, step, {"source": source, "name": called, "ended": True}, json=json)


@keys.command("list")
def list_(data_dir: DataDir = None, json: Json = False) -> None:
    """密钥清单，不含密钥本身。The keys that count, by name; none is shown."""
    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "gateway") as engine:
            found = await standing_hospitals(engine, key_ring(settings, KEYS))
        rows = [(f"{HOSPITAL}/{each.hospital_id}", key.name) for each, _ in found for key in each.api_keys]
        if json:
            print_json({"source": source, "name": name} for source, name in rows)
            return 0
        table("密钥 API keys", ("来源 source", "名称 name"), rows, empty="用 claims gateway keys add 发放")
        return 0

    sys.exit(run(main))


def _run(
    data_dir: Path | None,
    step: Callable[[AsyncEngine, KeyRing], Awaitable[None]],
    told: dict[str, Any],
    *,
    json: bool,
) -> None:
    settings = settings_of(data_dir)

    async def main() -> int:
        require_ledger(settings)
        ring = key_ring(settings, KEYS)
        async with ledger_servers(settings, "gateway", nats=False) as endpoints:
            await migrate_and_learn(endpoints.database_url)
            engine = connect(endpoints.database_url)
            try:
                await step(engine, ring)
            except StepRefused as refused:
                fail(str(refused))
                return 2
            finally:
                await engine.dispose()
        if json:
            print_json([told])
        elif "key" in told:
            note(f"{told['source']} {told['name']}：密钥只显示这一次 the key is shown this once")
            print(told["key"])  # noqa: T201 - the one line that a program reads
        else:
            note(f"{told['source']} {told['name']}：已停用 ended")
        return 0

    sys.exit(run(main))


def _hospital(source: str) -> str:
    kind, _, hospital_id = source.partition("/")
    if kind != HOSPITAL:
        raise unusable(
            f"“{source}”应写成 hospital/机构编号，接口服务只代表医疗机构报送",
            "Write hospital/ID: the gateway speaks for hospitals",
            "--source",
        )
    return id_of(hospital_id, "--source")
