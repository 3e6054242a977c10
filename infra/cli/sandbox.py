"""``claims sandbox``: a gateway over a made-up county, for a hospital's program to be tried against."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import DataDir, Json, Listen, settings_of
from infra.cli.output import fail, note, print_json, stderr, table
from infra.cli.session import ending, ledger_servers, reading, require_ledger, run
from infra.http.address import GATEWAY, Address
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.sandbox.certification import StepResult
    from infra.sandbox.county import SandboxPerson

sandbox = typer.Typer(
    help="联调沙箱：模拟县加接口服务，供医院程序联调。A made-up county to try a hospital's program against.",
    invoke_without_command=True,
)
_ANY_PORT = Address("127.0.0.1", 0)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sandbox, name="sandbox")


@sandbox.callback()
def serve(
    context: typer.Context,
    listen: Listen = GATEWAY,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """联调沙箱：模拟县、医院、参保人、目录和接口服务，直到中断。A county to try a hospital's program against."""
    if context.invoked_subcommand is not None:
        return
    from infra.sandbox.county import persons  # here, as below: no other command pays for what serves HTTP
    from infra.sandbox.server import running_sandbox

    settings = _own_servers(settings_of(data_dir, json_logs=not stderr.is_terminal))
    people = persons()

    async def main() -> int:
        address = Address.parse(listen)
        address.bound().close()  # said now, not after the county was made
        async with (
            ending() as end,
            # it is what `claims up` is, so that the other commands read beside it
            ledger_servers(settings, "up", nats=True, share_with=None) as endpoints,
            running_sandbox(endpoints, settings, address, people) as running,
        ):
            _tell(running.url, people, json=json)
            end.starts_to_work()
            await end.asked.wait()
        note("已停止 stopped")
        return 0

    sys.exit(run(main))


@sandbox.command("certify")
def certify_(
    url: Annotated[
        str | None,
        typer.Option("--url", help="在 --data-dir 上运行的沙箱的地址 of the sandbox that runs on --data-dir"),
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """联调用例：按医院接入认证的步骤逐步调用，说明每步是否通过。A vendor's certification, step by step."""
    settings = _own_servers(settings_of(data_dir))

    async def main() -> int:
        results = await _certified(settings, url)
        _tell_results(results, json=json)
        return 0 if all(each.passed for each in results) else 1

    with TemporaryDirectory(prefix="claims-sandbox-") as folder:
        if url is None and data_dir is None:
            Path(folder).chmod(0o711)  # the servers may be another user's, who must pass it
            settings = settings.model_copy(update={"data_dir": Path(folder) / "ledger"})
        code = run(main)
    sys.exit(code)


async def _certified(settings: Settings, url: str | None) -> "list[StepResult]":
    """The steps taken against a sandbox that runs beside this command, or against one of its own."""
    from infra.operations.ledger_access import access_beside_workers
    from infra.postgres.engine import connect
    from infra.sandbox.certifier import certify_sandbox
    from infra.sandbox.county import persons
    from infra.sandbox.server import running_sandbox

    if url is None:
        async with (
            ledger_servers(settings, "up", nats=True, share_with=None) as endpoints,
            running_sandbox(endpoints, settings, _ANY_PORT, persons()) as running,
        ):
            return await certify_sandbox(running.url, running.engine, running.client)
    require_ledger(settings)
    async with ledger_servers(settings, "sandbox certify", nats=True) as endpoints:
        engine = connect(endpoints.database_url)
        try:
            async with access_beside_workers(engine, endpoints.nats_url, settings.nats_ca) as access:
                return await certify_sandbox(url, engine, access.client)
        finally:
            await engine.dispose()


@sandbox.command()
def report(
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """联调记录：医院程序做了哪些交易，哪些没有成功。What hospitals' programs have done, and what went wrong."""
    from infra.files.key_file import GATEWAY as KEYS
    from infra.files.key_file import key_ring
    from infra.sandbox.traffic import load_traffic

    settings = settings_of(data_dir)

    async def main() -> int:
        async with reading(settings, "sandbox report") as engine:
            traffic = await load_traffic(engine, key_ring(settings, KEYS))
        if json:
            print_json(each.json() for each in traffic)
            return 0
        rows = [
            (
                *(each.hospital_id, f"{each.infno} {each.name}", f"{each.state_name} {each.state}"),
                *(str(each.done or "—"), str(each.refused or "—"), str(each.withdrawn or "—")),
                *(str(each.unanswered or "—"), each.last_refusal or "—"),
            )
            for each in traffic
        ]
        columns = "机构 institution,交易 infno,结果 result,成功 done,未受理 refused,已冲正 reversed"
        columns += ",未应答 unanswered,原因 why"
        empty = "还没有任何机构调用 no institution has called yet"
        table("联调记录 What programs did", columns.split(","), rows, right=(3, 4, 5, 6), empty=empty)
        return 0

    sys.exit(run(main))


def _own_servers(settings: Settings) -> Settings:
    """The settings, where no servers are given; exits with 2 where they are."""
    if settings.external is not None:
        fail(
            "沙箱只用自带的服务器：请取消 CLAIMS_DATABASE_URL、CLAIMS_NATS_URL。"
            "The sandbox runs servers of its own: unset CLAIMS_DATABASE_URL and CLAIMS_NATS_URL"
        )
        sys.exit(2)
    return settings


def _tell(url: str, people: "Sequence[SandboxPerson]", *, json: bool) -> None:
    from infra.sandbox.county import HOSPITALS, PHARMACY, REGION

    if json:
        told = {"hospitals": [each.json() for each in HOSPITALS], "persons": [each.json() for each in people]}
        print_json([{"url": url, **told}])
        return
    note(f"联调沙箱 sandbox: {url} · 统筹区 region {REGION} · Ctrl-C 停止 stops")
    there = [(each.code, each.name, str(each.tier)) for each in (*HOSPITALS, PHARMACY)]
    table("机构 Institutions", ("机构 fixmedins_code", "名称 name", "等级 tier"), there)
    rows = [
        (
            *(each.identity.person_id, each.identity.name, each.identity.certificate),
            *("、".join(each.categories) or "—", "、".join(disease for disease, _ in each.cards) or "—"),
        )
        for each in people
    ]
    columns = ("人员编号 psn_no", "姓名 name", "证件号码 certno", "身份 categories", "慢特病 chronic cards")
    table("参保人（模拟）Persons, made up", columns, rows)


def _tell_results(results: "Sequence[StepResult]", *, json: bool) -> None:
    if json:
        print_json([each.json() for each in results])
        return
    rows = [
        (
            *(f"{each.step.name} {each.step.name_en}", " ".join(each.step.infnos)),
            *("通过 pass" if each.passed else "未通过 fail", each.why or "—"),
        )
        for each in results
    ]
    failed = sum(not each.passed for each in results)
    title = f"联调用例 Certification：通过 passed {len(results) - failed}，未通过 failed {failed}"
    table(title, ("步骤 step", "交易 infno", "结果 result", "原因 why"), rows)
