"""``claims withholdings``: what clearings keep back of hospitals until their score is known, and its release.

``order`` and ``approve`` take two persons; the next clearing pays what is released.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, region_of, unusable, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.clearing_text import print_history
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json
from infra.cli.output import note, print_json, table
from infra.cli.row_output import OutFile, print_sheet, show
from infra.files.region_names import region_named
from infra.files.sheet import Sheet, coded, columns_of
from infra.words.clearing import payer_named, percent_shown
from processors.clearing import withholdings as steps
from processors.clearing.withholdings import STATUS_NAMES, ReleaseOrder

withholdings = typer.Typer(help="考核预留：清算时预留，按考核返还。Kept back of hospitals, and released by score.")
ReleaseId = Annotated[str, typer.Argument(help="返还单号 release_id")]
Region = Annotated[str | None, typer.Option("--region", help="统筹区 region")]
Hospital = Annotated[str | None, typer.Option("--hospital", help="医院 hospital_id")]

_KEPT = "清算单 clearing,统筹区 region,月份 month,医院 hospital,付款基金 fund,应拨 base:money+,预留 withheld:money+"
_KEPT += ",已申请返还 ordered:money+,已列入清算返还 released:money+,未返还 outstanding:money+"
_RELEASES = "返还单 release,统筹区 region,年度 year,状态 status,金额 amount:money+,医院数 hospitals:count"
_RELEASES += ",原因 reason,经办 ordered by,复核 approved by,清算单 clearing"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(withholdings, name="withholdings")


@withholdings.callback(invoke_without_command=True)
def list_withholdings(
    context: typer.Context,
    region: Region = None,
    hospital: Hospital = None,
    year: Annotated[int | None, typer.Option("--year", help="清算年度 year of the clearings")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """考核预留清单。What clearings kept back, by hospital and fund, and what is released of it."""
    if context.invoked_subcommand is not None:
        return
    if region is not None:
        region_of(region)

    async def step(engine: AsyncEngine) -> tuple[list[dict[str, Any]], Names]:
        return await steps.withholding_rows(engine, region, hospital, year), await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    money = ("base", "withheld", "ordered", "released", "outstanding")
    cells = [
        (
            *(row["clearing_id"], region_named(row["region"]), row["month"], names.hospital(row["hospital_id"])),
            *(payer_named(row), *(row[name] for name in money)),
        )
        for row in rows
    ]
    show(Sheet("考核预留 Kept back of hospitals", columns_of(_KEPT), cells), json=json, out=out)


@withholdings.command()
def releases(region: Region = None, out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """返还单清单。All releases and their state."""
    if region is not None:
        region_of(region)

    async def step(engine: AsyncEngine) -> list[dict[str, Any]]:
        return await steps.release_rows(engine, region)

    rows = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    show(_releases(rows), json=json, out=out)


@withholdings.command()
def order(
    region: Annotated[str, typer.Option("--region", help="统筹区 region of the clearings")],
    year: Annotated[int, typer.Option("--year", help="清算、考核年度 year of the clearings and of the score")],
    actor: Actor,
    reason: Reason,
    hospital: Hospital = None,
    share: Annotated[
        str | None,
        typer.Option("--share", help="返还比例，不按考核等次 100%; else what the class of the score is released"),
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """申请返还：按年度考核等次，须另一人复核。Order a release by the year's score; another person approves it."""
    who, why, ratio = actor_of(actor), words_of(reason, "--reason"), None if share is None else _ratio(share)
    region_of(region)

    async def step(engine: AsyncEngine) -> tuple[steps.OrderedRelease, Names]:
        if ratio is None:
            scores = await steps.shares_by_class(engine, region, year)
        else:
            scores = await steps.one_share(engine, region, ratio)
        wanted = ReleaseOrder(region, year, why, hospital)
        return await steps.order(engine, wanted, scores, who), await names_of(engine)

    done, names = run_step(data_dir, step)
    told = {"release_id": done.release_id, "ordered_by": who, "amount": yuan(done.amount)}
    told_all = told | {"unscored": {each: yuan(left) for each, left in done.unscored.items()}}
    print_result(
        told_all,
        f"已申请返还 ordered: {done.release_id}，{told['amount']} 元 yuan，待另一人复核 another person approves it",
        json=json,
    )
    for each, left in sorted(done.unscored.items()):
        note(f"{names.hospital(each)} 没有考核等次，未列入 has no class, left out: {yuan(left)} 元 yuan")


@withholdings.command()
def approve(release_id: ReleaseId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """复核返还：须由另一人，随下次清算拨付。Approve it; another person. The next clearing pays it."""
    who = actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        row = await steps.approve(engine, release_id, who)
        return {"release_id": release_id, "approved_by": who, "amount": yuan(row.amount)}

    done = run_step(data_dir, step)
    print_result(done, f"已复核 approved: {release_id}，{done['amount']} 元 yuan，随下次清算拨付", json=json)


@withholdings.command()
def withdraw(release_id: ReleaseId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未列入清算的返还单。Take a release back that no clearing pays yet."""
    who, why = actor_of(actor), words_of(reason, "--reason")

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        await steps.withdraw(engine, release_id, who, why)
        return {"release_id": release_id, "withdrawn_by": who}

    print_result(run_step(data_dir, step), f"已撤回 withdrawn: {release_id}", json=json)


@withholdings.command("show")
def show_one(release_id: ReleaseId, data_dir: DataDir = None, json: Json = False) -> None:
    """查看一份返还单：等次、比例、逐笔、办理记录。One release: classes, shares, items, every step."""

    async def step(engine: AsyncEngine) -> tuple[dict[str, Any], Names]:
        return await steps.release(engine, release_id), await names_of(engine)

    shown, names = run_step(data_dir, step)
    if json:
        print_json([shown])
        return
    print_sheet(_releases([shown]))
    scores = [
        (
            *(str(names.hospital(row["hospital_id"])), row["credit_class"] or "—", row["total"] or "—"),
            *(percent_shown(row["share"]), row["cite"] or "—"),
        )
        for row in shown["scores"]
    ]
    of_scores = ("医院 hospital", "等次 class", "得分 score", "返还比例 share", "依据 by")
    table("考核 Scores", of_scores, scores, right=(2, 3))
    items = [
        (row["clearing_id"], str(names.hospital(row["hospital_id"])), payer_named(row), row["amount"])
        for row in shown["items"]
    ]
    table(
        "返还 Released（元 yuan）", ("清算单 clearing", "医院 hospital", "基金 fund", "金额 amount"), items, right=(3,)
    )
    print_history(shown["history"])


def _releases(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    cells = [
        (
            *(row["release_id"], region_named(row["region"]), str(row["year"]), coded(STATUS_NAMES, row["status"])),
            *(row[name] for name in ("amount", "hospitals", "reason", "ordered_by", "approved_by", "clearing_id")),
        )
        for row in rows
    ]
    return Sheet("返还单 Releases", columns_of(_RELEASES), cells)


def _ratio(text: str) -> Fraction:
    try:
        found = Fraction(text.removesuffix("%")) / 100
    except (ValueError, ZeroDivisionError):
        found = Fraction(-1)
    if not text.endswith("%") or not 0 < found <= 1:
        raise unusable("应为 0% 以上、100% 以内的比例", "a share above 0% and up to 100%, as 90%", "--share")
    return found
