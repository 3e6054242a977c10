"""``claims registers enter``, ``import``, ``end``, ``withdraw`` and ``rebuild``: entries of the registers of care."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import Actor, actor_of, day_of, id_of, region_of, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.options import DataDir, Json
from infra.cli.output import fail, print_json, stdout
from infra.files.register_file import read_entries
from infra.files.text_file import UnusableFile
from processors.registers import entries
from processors.registers.entries import REGISTER_TITLES, RegisterEntryOrder
from processors.registers.journal import rebuild as rebuild_tables

RegisterName = Literal["contracts", "checkups", "tuberculosis", "ten-diseases", "poverty-causes"]
Name = Annotated[RegisterName, typer.Argument(help="台账 contracts 签约、checkups 体检、tuberculosis 结核病…")]
EntryId = Annotated[str, typer.Argument(help="登记编号 entry_id", metavar="ENTRY")]


def add_entries(registers: typer.Typer) -> None:
    """Add the commands to ``claims registers``."""
    registers.command("enter")(enter)
    registers.command("import")(import_)
    registers.command("end")(end)
    registers.command("withdraw")(withdraw)
    registers.command("rebuild")(rebuild)


def enter(
    name: Name,
    person: Annotated[str, typer.Option("--person", help="参保人编号 person_id")],
    on: Annotated[str, typer.Option("--on", help="日期：签约、体检、开始、核实 day, 2019-03-31")],
    actor: Actor,
    until: Annotated[str | None, typer.Option("--until", help="截止日（不含） first day no longer")] = None,
    due: Annotated[str | None, typer.Option("--due", help="下次应办日 when the next step is due")] = None,
    disease: Annotated[str | None, typer.Option("--disease", help="病种代码 disease")] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="机构编号 hospital_id")] = None,
    doctor: Annotated[str | None, typer.Option("--doctor", help="医生或团队 doctor or team")] = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="结果、药品或需求 what was found or is given")
    ] = None,
    document: Annotated[str | None, typer.Option("--document", help="单据号 number of the paper")] = None,
    region: Annotated[str | None, typer.Option("--region", help="统筹区，默认最近参保地 that of the enrolment")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记一人：签约、体检、结核病、十种大病、因病致贫。Enter one person in a register."""
    order = RegisterEntryOrder(
        register=name.replace("-", "_"),
        person_id=id_of(person, "--person"),
        held_on=day_of(on, "--on"),
        region=None if region is None else region_of(region),
        until=None if until is None else day_of(until, "--until"),
        due_on=None if due is None else day_of(due, "--due"),
        disease=disease,
        hospital_id=None if hospital is None else id_of(hospital, "--hospital"),
        doctor=_words(doctor, "--doctor"),
        finding=_words(finding, "--finding"),
        document=_words(document, "--document"),
    )
    who = actor_of(actor)
    made = run_step(data_dir, lambda engine: entries.enter(engine, [order], who))
    told = {"register": order.register, "person_id": person, "entry_ids": made}
    title = REGISTER_TITLES[order.register]
    message = (
        f"已登记 entered: {title}，{person}，{made[0]}"
        if made
        else f"已有相同登记，未重复 known already: {title}，{person}"
    )
    print_result(told, message, json=json)


def import_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="名册 list, CSV or XLSX: 参保人编号、日期、…")],
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """导入名册：一人一行；有一行不能用，全部不登记。Enter the persons of a list, all or none."""
    who, register = actor_of(actor), name.replace("-", "_")
    try:
        read = read_entries(file, register)
    except (UnusableFile, OSError) as error:
        fail(f"{file}: {error}")
        sys.exit(2)
    if read.refused:
        if json:
            print_json({"row": "refused", "place": place, "detail": detail} for place, detail in read.refused)
        for place, detail in read.refused:
            fail(f"{place}：{detail}")
        fail(f"{file}：{len(read.refused)} 行不能用，什么也没有登记 rows can't be used, nothing was entered")
        sys.exit(2)
    made = run_step(data_dir, lambda engine: entries.enter(engine, read.orders, who))
    told = {"register": register, "rows": len(read.orders), "entered": len(made), "known": len(read.orders) - len(made)}
    message = f"已登记 entered: {told['entered']}，已有 known already: {told['known']}（{REGISTER_TITLES[register]}）"
    print_result(told, message, json=json)


def end(
    entry: EntryId,
    on: Annotated[str, typer.Option("--on", help="终止日 first day that it holds no longer")],
    reason: Reason,
    actor: Actor,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """终止：解约、疗程结束。End an entry: a contract that ends, a treatment that is finished."""
    entry_id, day, why, who = id_of(entry, "ENTRY"), day_of(on, "--on"), words_of(reason, "--reason"), actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        found = await entries.end(engine, entry_id, day, why, who)
        return {"entry_id": entry_id, "person_id": found.person_id, "until": on}

    print_result(run_step(data_dir, step), f"已终止 ended: {entry_id}，{on}", json=json)


def withdraw(entry: EntryId, reason: Reason, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回误登。Take back an entry that was a mistake."""
    entry_id, why, who = id_of(entry, "ENTRY"), words_of(reason, "--reason"), actor_of(actor)

    async def step(engine: AsyncEngine) -> dict[str, Any]:
        found = await entries.withdraw(engine, entry_id, why, who)
        return {"entry_id": entry_id, "person_id": found.person_id}

    print_result(run_step(data_dir, step), f"已撤回 withdrawn: {entry_id}", json=json)


def rebuild(data_dir: DataDir = None, json: Json = False) -> None:
    """由账册重建台账表。Make the tables what journal registers.0 says; exit 1 where they were not."""
    mended = run_step(data_dir, rebuild_tables)
    if json:
        print_json([{"rows": mended}])
    else:
        stdout.print(f"已更正 rows mended: {mended}", highlight=False)
    sys.exit(1 if mended else 0)


def _words(text: str | None, option: str) -> str | None:
    return None if text is None else words_of(text, option)
