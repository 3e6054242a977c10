"""``claims cases``: measures are proposed, another person decides, and what follows is noted."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, amount_of, day_of, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.session import ledger_servers, require_ledger, run
from processors.cases import decisions, measures
from processors.cases.decisions import MeasureOrder
from projections.measures import MeasureKind

CaseId = Annotated[str, typer.Argument(help="案件编号 case_id")]
MeasureId = Annotated[str, typer.Argument(help="措施编号 measure_id")]
Document = Annotated[str, typer.Option("--document", help="文号 number of the document")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (measure, propose, decide, send, pay, answer, close):
        app.command()(command)
    app.command("drop")(withdraw_measure)
    app.command("return")(return_)
    app.command("reverse-payment")(reverse_payment)


def measure(
    case_id: CaseId,
    kind: Annotated[MeasureKind, typer.Argument(help="种类 talk 约谈、refund 退回、fine 罚款、suspension 中止…")],
    basis: Annotated[str, typer.Option("--basis", help="依据条款 clause that it rests on")],
    document: Document,
    actor: Actor,
    reason: Reason,
    amount: Annotated[str | None, typer.Option("--amount", help="金额，元 yuan")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="起日 first day; of a lifting the day it ends")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="止日（不含） first day on which it holds no longer")
    ] = None,
    finding: Annotated[str | None, typer.Option("--finding", help="退回所依认定 finding that is refunded")] = None,
    of: Annotated[str | None, typer.Option("--of", help="所解除或替换的措施 measure lifted or replaced")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """拟定措施，待提请决定。Add a measure to what the case will propose."""
    order = MeasureOrder(
        case_id=case_id,
        kind=kind,
        basis=words_of(basis, "--basis"),
        document_no=words_of(document, "--document"),
        reason=words_of(reason, "--reason"),
        amount=None if amount is None else amount_of(amount),
        from_on=_day(from_, "--from"),
        until=_day(until, "--until"),
        finding_id=finding,
        of_measure=of,
    )
    who = actor_of(actor)
    measure_id = run_step(data_dir, lambda engine: decisions.propose_measure(engine, order, who))
    print_result({"measure_id": measure_id}, f"已拟定 added: {measure_id}", json=json)


def withdraw_measure(
    measure_id: MeasureId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False
) -> None:
    """撤回未决定的措施。Take a measure back that is not decided."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: decisions.withdraw_measure(engine, measure_id, who, why))
    print_result({"measure_id": measure_id}, f"已撤回 withdrawn: {measure_id}", json=json)


def propose(
    case_id: CaseId,
    document: Document,
    actor: Actor,
    reason: Reason,
    on: Annotated[str | None, typer.Option("--on", help="提请日期，默认今天 day; today unless given")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """提请决定：认定与措施由另一人决定。Put findings and measures to another person for decision."""
    who, why, number = actor_of(actor), words_of(reason, "--reason"), words_of(document, "--document")
    day = _day(on, "--on")
    run_step(data_dir, lambda engine: decisions.propose(engine, case_id, who, number, why, day))
    print_result({"case_id": case_id, "status": "proposed"}, f"已提请，待另一人决定 proposed: {case_id}", json=json)


def return_(case_id: CaseId, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """退回重办：须由另一人。Return what was proposed; another person than proposed it."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: decisions.return_case(engine, case_id, who, why))
    print_result({"case_id": case_id, "status": "returned"}, f"已退回 returned: {case_id}", json=json)


def decide(
    case_id: CaseId,
    document: Document,
    actor: Actor,
    reason: Reason,
    on: Annotated[str | None, typer.Option("--on", help="决定日期，默认今天 day; today unless given")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """决定：须由另一人，并向账本发出退回、罚款、中止。Decide; the decision sends refunds, fines and suspensions."""
    who, why, number = actor_of(actor), words_of(reason, "--reason"), words_of(document, "--document")
    day = _day(on, "--on")
    facts = run_step(data_dir, lambda engine: decisions.decide(engine, case_id, who, number, why, day))
    if facts:
        _send(data_dir)
    told = {"case_id": case_id, "status": "decided", "facts": facts}
    print_result(told, f"已决定 decided: {case_id}，发往账本 facts sent: {len(facts)}", json=json)


def send(data_dir: DataDir = None, json: Json = False) -> None:
    """补发：把已决定而账本尚未收到的事实发出。Send what was decided and the ledger does not hold yet."""
    sent = _send(data_dir)
    print_result({"sent": sent}, f"已发出 sent: {sent}", json=json)


def _send(data_dir: Path | None) -> int:
    from infra.operations.cases import settle_facts

    settings = settings_of(data_dir)
    require_ledger(settings)
    sent: list[int] = []

    async def main() -> int:
        async with ledger_servers(settings, "cases", nats=True) as endpoints:
            sent.append(await settle_facts(endpoints, settings))
        return 0

    code = run(main)
    if code:
        sys.exit(code)
    return sent[0]


def pay(
    measure_id: MeasureId,
    amount: Annotated[str, typer.Option("--amount", help="缴款额，元 yuan")],
    on: Annotated[str, typer.Option("--on", help="缴款日 day of the payment")],
    reference: Annotated[str, typer.Option("--reference", help="凭证号 the receipt's number")],
    actor: Actor,
    late: Annotated[str, typer.Option("--late", help="其中另计的加处罚款，元 for paying late, beside it")] = "0",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记缴款：罚款，或账本外的退回。Note what was paid of a fine, or of a refund outside the ledger."""
    fen, extra, day = amount_of(amount), amount_of(late), day_of(on, "--on")
    who, number = actor_of(actor), words_of(reference, "--reference")
    left = run_step(
        data_dir,
        lambda engine: measures.pay(engine, measure_id, who, amount=fen, paid_on=day, reference=number, late=extra),
    )
    told = {"measure_id": measure_id, "paid": yuan(fen), "late": yuan(extra), "left": yuan(left)}
    print_result(told, f"已登记 noted: {told['paid']} 元，尚欠 still due {told['left']} 元 yuan", json=json)


def reverse_payment(
    measure_id: MeasureId,
    reference: Annotated[str, typer.Option("--reference", help="误登的凭证号 reference noted by mistake")],
    actor: Actor,
    reason: Reason,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销误登的缴款：须由另一人。Take back a payment noted by mistake; another person than noted it."""
    who, why, number = actor_of(actor), words_of(reason, "--reason"), words_of(reference, "--reference")
    back = run_step(data_dir, lambda engine: measures.reverse_payment(engine, measure_id, who, number, why))
    told = {"measure_id": measure_id, "reference": number, "amount": yuan(back)}
    print_result(told, f"已撤销 taken back: {told['amount']} 元 yuan", json=json)


def answer(
    measure_id: MeasureId,
    actor: Actor,
    on: Annotated[str, typer.Option("--on", help="回执日 day of the answer")],
    reason: Annotated[str, typer.Option("--reason", help="原因与整改 cause and remedy")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记警告函的回执。Note what a warning letter was answered."""
    who, why, day = actor_of(actor), words_of(reason, "--reason"), day_of(on, "--on")
    run_step(data_dir, lambda engine: measures.answer(engine, measure_id, who, day, why))
    print_result({"measure_id": measure_id, "answered_on": on}, f"已登记回执 answered: {measure_id}", json=json)


def close(
    case_id: CaseId,
    actor: Actor,
    reason: Reason,
    on: Annotated[str | None, typer.Option("--on", help="结案日期，默认今天 day; today unless given")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """结案：退回与罚款缴清后。Close a case once its refunds and fines are paid."""
    who, why, day = actor_of(actor), words_of(reason, "--reason"), _day(on, "--on")
    run_step(data_dir, lambda engine: measures.close(engine, case_id, who, why, day))
    print_result({"case_id": case_id, "status": "closed"}, f"已结案 closed: {case_id}", json=json)


def _day(text: str | None, option: str) -> date | None:
    return None if text is None else day_of(text, option)
