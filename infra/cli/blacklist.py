"""``claims blacklist``: who is on the blacklist, entered by one person and approved by another."""

from typing import Annotated, Any

import typer

from infra.cli import empty_lists
from infra.cli.arguments import Actor, actor_of, day_of, id_of, listed, region_of, unusable, words_of
from infra.cli.case_decisions import Document
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.names import Names
from infra.cli.options import DataDir, Json
from infra.cli.row_output import OutFile, Row, list_rows
from infra.files.sheet import coded
from processors.cases import blacklist as steps
from processors.cases import listings
from processors.cases.blacklist import BlacklistOrder
from processors.cases.refusal import EFFECT_NAMES, ENTRY_STATE_NAMES, SUBJECT_NAMES
from projections.blacklist import EFFECTS
from projections.cases import SubjectKind

blacklist = typer.Typer(
    no_args_is_help=True, help="黑名单（上高 三4）：登记、复核、移出，不影响待遇。The blacklist; it cuts no benefit."
)

EntryId = Annotated[str, typer.Argument(help="黑名单编号 entry_id")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(blacklist, name="blacklist")


@blacklist.command()
def enter(
    case_id: Annotated[str, typer.Argument(help="依据案件 case that is its ground")],
    effect: Annotated[
        list[str],
        typer.Option("--effect", help="后果 no_prepaid_free_admission 先缴费、closer_audit 逐单审核、published 公布"),
    ],
    basis: Annotated[str, typer.Option("--basis", help="后果的依据 text that states the effects")],
    document: Document,
    from_: Annotated[str, typer.Option("--from", help="起日，不早于今天 first day, today or later")],
    until: Annotated[str, typer.Option("--until", help="止日（不含） first day on which it holds no longer")],
    actor: Actor,
    reason: Reason,
    kind: Annotated[
        SubjectKind | None,
        typer.Option("--kind", help="对象种类，默认案件对象 who; the case's subject unless given"),
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="对象编号，默认案件对象 number")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记：须有已认定违规的案件，另一人复核后生效。Enter somebody; another person approves it."""
    order = BlacklistOrder(
        case_id=case_id,
        effects=tuple(_effect_of(each) for each in effect),
        basis=words_of(basis, "--basis"),
        document_no=words_of(document, "--document"),
        reason=words_of(reason, "--reason"),
        from_on=day_of(from_, "--from"),
        until=day_of(until, "--until"),
        subject_kind=kind,
        subject_id=None if subject is None else id_of(subject, "--subject"),
    )
    who = actor_of(actor)
    entry_id = run_step(data_dir, lambda engine: steps.enter_blacklist(engine, order, who))
    print_result({"entry_id": entry_id, "status": "entered"}, f"已登记，待另一人复核 entered: {entry_id}", json=json)


@blacklist.command()
def approve(entry_id: EntryId, actor: Actor, data_dir: DataDir = None, json: Json = False) -> None:
    """复核登记或移出：须由另一人。Approve an entry or a removal; another person than entered it."""
    who = actor_of(actor)
    found = run_step(data_dir, lambda engine: steps.approve_blacklist(engine, entry_id, who))
    told = {"entry_id": entry_id, "status": found.status, "approved_by": who}
    print_result(told, f"已复核 approved: {entry_id}，{ENTRY_STATE_NAMES[found.status]}", json=json)


@blacklist.command()
def remove(
    entry_id: EntryId,
    on: Annotated[str, typer.Option("--on", help="移出日，不早于今天 first day on which it holds no longer")],
    document: Document,
    actor: Actor,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """提前移出：另一人复核后生效。Enter that somebody leaves the list early; another person approves it."""
    who, why, number, day = (
        actor_of(actor),
        words_of(reason, "--reason"),
        words_of(document, "--document"),
        day_of(on, "--on"),
    )
    run_step(
        data_dir,
        lambda engine: steps.remove_blacklist(engine, entry_id, who, removed_on=day, document_no=number, reason=why),
    )
    print_result(
        {"entry_id": entry_id, "status": "removal_entered"}, f"移出待另一人复核 entered: {entry_id}", json=json
    )


@blacklist.command()
def withdraw(entry_id: EntryId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未复核的登记或移出。Take back an entry or a removal that is not approved."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: steps.withdraw_blacklist(engine, entry_id, who, why))
    print_result({"entry_id": entry_id}, f"已撤回 withdrawn: {entry_id}", json=json)


@blacklist.command("list")
def list_(
    region: Annotated[str | None, typer.Option("--region", help="统筹区 region")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="对象编号 person, hospital or doctor")] = None,
    holding: Annotated[bool, typer.Option("--holding", help="只列今天有效的 only those that hold today")] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """黑名单。The blacklist, with grounds, effects and who approved."""
    if region is not None:
        region_of(region)
    list_rows(
        data_dir,
        "blacklist",
        lambda engine: listings.blacklist_rows(engine, region=region, subject=subject, holding=holding),
        json=json,
        out=out,
        title="黑名单 Blacklist",
        columns="编号 entry,对象种类 kind,对象 subject,案件 case,事由 reason,后果 effects,依据 basis,起日 from:day,"
        "止日（不含） until:day,移出 removed on:day,状态 status,登记 entered by,复核 approved by,今天有效 holds",
        cells=_cells,
        empty=empty_lists.narrowed(empty_lists.BLACKLIST, region=region, subject=subject, holding=holding),
    )


def _effect_of(text: str) -> str:
    if text not in EFFECTS:
        raise unusable(
            f"没有后果“{text}”，可用 {listed(EFFECTS)}", f"There is no such effect: {', '.join(EFFECTS)}", "--effect"
        )
    return text


def _cells(row: Row, names: Names) -> tuple[Any, ...]:
    is_house = row["subject_kind"] in ("hospital", "pharmacy")
    subject = names.hospital(row["subject_id"]) if is_house else row["subject_id"]
    effects = [coded(EFFECT_NAMES, effect) for effect in row["effects"]]
    return (
        *(row["entry_id"], coded(SUBJECT_NAMES, row["subject_kind"]), subject, row["case_id"], row["reason"], effects),
        *(row["basis"], row["from_on"], row["until"], row["removed_on"], coded(ENTRY_STATE_NAMES, row["status"])),
        *(row["entered_by"], row["approved_by"], row["holds"]),
    )
