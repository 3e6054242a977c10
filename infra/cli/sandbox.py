"""``claims sandbox``: a gateway over a made-up county, for a hospital's program to be tried against."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stderr, table
from infra.cli.session import ending, ledger_servers, run
from infra.http.address import GATEWAY, Address

if TYPE_CHECKING:
    from infra.sandbox.county import SandboxPerson

sandbox = typer.Typer(
    help="联调沙箱：模拟县加接口服务，供医院程序联调，直到中断。A made-up county to try a hospital's program against.",
    invoke_without_command=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sandbox, name="sandbox")


@sandbox.callback()
def serve(
    context: typer.Context,
    listen: Annotated[
        str, typer.Option("--listen", help="监听地址 where to listen; port 0 takes a free one")
    ] = GATEWAY,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """联调沙箱：模拟县、医院、参保人、目录和接口服务，直到中断。A county to try a hospital's program against."""
    if context.invoked_subcommand is not None:
        return
    from infra.gateway.server import serving  # here: no other command pays for what serves HTTP
    from infra.operations.made_up_ledger import require_made_up
    from infra.operations.settle import at_work
    from infra.sandbox.county import facts, persons
    from infra.sandbox.preparation import prepare_county, sandbox_keys
    from infra.worker.worker import worker

    settings = settings_of(data_dir, json_logs=not stderr.is_terminal)
    if settings.external is not None:
        fail(
            "沙箱只用自带的服务器：请取消 CLAIMS_DATABASE_URL、CLAIMS_NATS_URL。"
            "The sandbox runs servers of its own: unset CLAIMS_DATABASE_URL and CLAIMS_NATS_URL"
        )
        sys.exit(2)
    people = persons()

    async def main() -> int:
        address = Address.parse(listen)
        address.bound().close()  # said now, not after the county was made
        # it is what `claims up` is, so that the other commands read beside it
        async with ending() as end, ledger_servers(settings, "up", nats=True, share_with=None) as endpoints:
            await require_made_up(endpoints.database_url, next(facts(people, 0)))
            keys = sandbox_keys(settings)
            async with worker(endpoints.database_url, endpoints.nats_url, settings) as ours, at_work(ours):
                await prepare_county(ours, settings, keys, people)
                async with serving(endpoints.database_url, endpoints.nats_url, settings, keys, address) as running:
                    _tell(running.url, people, json=json)
                    end.starts_to_work()
                    await end.asked.wait()
        note("已停止 stopped")
        return 0

    sys.exit(run(main))


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
