"""``claims leads``: what the rules of supervision find, one lead with its evidence, and putting one aside."""

import sys
from typing import Annotated, Literal

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import Actor, actor_of, day_of, file_of, listed, unusable, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.lead_text import lead_queue, lead_sheet, none_found, print_lead, searched_text
from infra.cli.names import names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json, stdout
from infra.cli.row_output import ENDINGS, OutFile, print_sheet, show, write_sheets
from infra.cli.session import INSUFFICIENT_PRIVILEGE, reading, run
from infra.cli.supervision import TextFile, text_of
from infra.words.trials import trial_json, trial_sheet
from infra.worker.lead_years import look_for_leads
from processors.supervision import steps
from processors.supervision.adoption import SupervisionRefused
from processors.supervision.listings import LeadFilter, lead_json, lead_of, list_leads
from processors.supervision.rules import SUPERVISION_RULES
from processors.supervision.trial import TextTrial, try_text

leads = typer.Typer(help="监管疑点：查找、查看、排除。Leads of supervision: find, show, put aside.")

State = Literal["open", "dismissed", "in_case", "confirmed", "withdrawn"]
LeadId = Annotated[str, typer.Argument(help="疑点编号 lead_id", metavar="LEAD")]
FOUND_BEFORE = "本登录不能查找新疑点，以下为已有疑点。This login can't look for new leads: those found before follow"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(leads, name="leads")


@leads.callback(invoke_without_command=True)
def list_(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option("--rule", help="规则 code of a rule, split_stay")] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="医疗机构编号 hospital_id")] = None,
    person: Annotated[str | None, typer.Option("--person", help="参保人编号 person_id")] = None,
    since: Annotated[str | None, typer.Option("--since", help="此日及以后 of this day or later, 2019-03-31")] = None,
    state: Annotated[State | None, typer.Option("--state", help="状态，默认除已撤销外全部 all but withdrawn")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="重新查找全部业务 look through all of the ledger anew")] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """监管疑点：先查新发生的业务，再按医疗机构、参保人列出。Look for leads in what is new, then list them."""
    if context.invoked_subcommand is not None:
        return
    if rule is not None and rule not in SUPERVISION_RULES:
        raise unusable(f"没有规则 {rule}，可用的有 {listed(SUPERVISION_RULES)}", f"No rule {rule}", "--rule")
    if out is not None:
        file_of(out, ENDINGS)
    asked = LeadFilter(rule, hospital, person, None if since is None else day_of(since, "--since"), state)

    async def main() -> int:
        async with reading(settings_of(data_dir), "leads") as engine:
            is_new = await caught_up(engine, anew=anew)
            found, searched = await list_leads(engine, asked)
            names = await names_of(engine)
        if json:
            print_json(lead_json(lead) for lead in found)
        if not is_new:
            note(FOUND_BEFORE)
        if found or out is not None:
            if not json and found:
                print_sheet(lead_queue(found, names))
            if out is not None:
                write_sheets(out, [lead_sheet(found, names)])
        if not found and not json:
            stdout.print(none_found(asked, searched), highlight=False, soft_wrap=True)
        note(searched_text(searched))
        return 0

    sys.exit(run(main))


async def caught_up(engine: AsyncEngine, *, anew: bool = False) -> bool:
    """Look for leads in what is new; False where the database login may only read."""
    try:
        await look_for_leads(engine, anew=anew)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        return False
    return True


@leads.command("show")
def show_one(lead: LeadId, data_dir: DataDir = None, json: Json = False) -> None:
    """查看一条疑点：依据、参数、事实、基金风险、未能核实的。One lead: rule, parameters, facts, money, what is open."""

    async def main() -> int:
        async with reading(settings_of(data_dir), "leads show") as engine:
            await caught_up(engine)
            try:
                found, history = await lead_of(engine, lead)
            except SupervisionRefused as refused:
                fail(str(refused))
                return 2
            names = await names_of(engine)
        if json:
            print_json([lead_json(found) | {"history": history}])
        else:
            print_lead(found, history, names)
        return 0

    sys.exit(run(main))


@leads.command()
def trial(file: TextFile, out: OutFile = None, data_dir: DataDir = None, json: Json = False) -> None:
    """试算：用新参数把全部历史重查一遍，新旧对照。Look through all history with a new text: old leads against new."""
    text = text_of(file)
    if out is not None:
        file_of(out, ENDINGS)

    async def step(engine: AsyncEngine) -> TextTrial:
        await caught_up(engine)
        return await try_text(engine, text)

    done = run_step(data_dir, step)
    if json:
        print_json(trial_json(each) for each in done.rules)
    show(trial_sheet(done), json=json, out=out)
    note(f"已查 persons looked at: {done.persons}；未采用 nothing was adopted")


@leads.command()
def dismiss(lead: LeadId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """排除一条疑点，须写明理由。Put a lead aside, with the reason; it stays in the register."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    found = run_step(data_dir, lambda engine: steps.dismiss(engine, lead, who, why))
    told = {"lead_id": found.lead_id, "rule": found.rule, "state": "dismissed", "actor": who, "reason": why}
    print_result(told, f"已排除 dismissed: {found.lead_id}，{why}", json=json)
