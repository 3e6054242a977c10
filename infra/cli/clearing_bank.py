"""``claims clearing`` payment-file, payment-files and bank-reply: what the bank gets, and what it says."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from msgspec import structs

from events.money import yuan
from infra.cli.arguments import Actor, actor_of, day_of, file_of, unusable, words_of
from infra.cli.clearing_step import print_result, run_step
from infra.cli.clearing_text import moment_shown
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.row_output import ENDINGS, OutFile, show
from infra.files.key_file import PAYEES, key_ring
from infra.files.payment_sheet import payer_name, write_payment_file
from infra.files.reply_file import BankReply, read_reply
from infra.files.sheet import Sheet, columns_of
from infra.files.text_file import UnusableFile
from policies.funds import BookedFund
from processors.bank import payment_files
from processors.bank.payment_lines import WrittenPaymentFile
from processors.bank.replies import apply_reply
from processors.bank.reply_rows import ReplyOutcome

ClearingId = Annotated[str, typer.Argument(help="清算单号 clearing_id")]
FileId = Annotated[str, typer.Argument(help="银行文件编号 file_id")]
Out = Annotated[Path, typer.Option("--out", help="输出 write to FILE.xlsx or FILE.csv")]
_FILES = "文件 file,统筹区 region,清算单 clearing,笔数 count:count+,金额 total:money+,未回单 open:count+"
_FILES += ",制作 made by,时间 at,校验 sha256,已撤销 cancelled"


def register(clearing: typer.Typer) -> None:
    """Add the commands to ``claims clearing``."""
    clearing.command("payment-file")(payment_file)
    clearing.command("repeat-file")(repeat_file)
    clearing.command("cancel-file")(cancel_file)
    clearing.command("payment-files")(list_files)
    clearing.command("bank-reply")(bank_reply)


def payment_file(
    clearing_id: ClearingId,
    out: Out,
    actor: Actor,
    format_: Annotated[
        Literal["xlsx", "csv"] | None, typer.Option("--format", help="格式，默认按文件名 else by the file's name")
    ] = None,
    only_ready: Annotated[
        bool, typer.Option("--only-ready", help="先付有账户的，其余另做文件 pay those that have an account")
    ] = False,
    purpose: Annotated[str | None, typer.Option("--purpose", help="用途 purpose of every line")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """银行付款文件：待拨付的，户名、账号、开户行、金额、用途。The file by which the bank pays what is due."""
    who, words = actor_of(actor), None if purpose is None else words_of(purpose, "--purpose")
    if format_ is not None and out.suffix.lower() != f".{format_}":
        raise unusable(f"--format {format_} 与文件名 {out.name} 不符", "The file's name says another", "--format")
    file_of(out, ENDINGS)
    keys = key_ring(settings_of(data_dir), PAYEES)
    made = run_step(
        data_dir,
        lambda engine: payment_files.make(engine, keys, clearing_id, who, only_ready=only_ready, purpose=words),
    )
    tell_file(made, out, json=json)


def repeat_file(file_id: FileId, out: Out, data_dir: DataDir = None, json: Json = False) -> None:
    """再次输出已制作的付款文件，内容须与登记的校验值一致。Write a file once more, if its lines are still the same."""
    file_of(out, ENDINGS)
    keys = key_ring(settings_of(data_dir), PAYEES)
    tell_file(run_step(data_dir, lambda engine: payment_files.again(engine, keys, file_id)), out, json=json)


def tell_file(made: WrittenPaymentFile, out: Path, *, json: bool) -> None:
    """Write a file, and tell what is in it and what is not."""
    write_payment_file(out, made)
    note(f"已写入 written: {out}")
    for warning in made.warnings:
        note(f"请核对 look at: {warning}")
    for _, payee, amount in made.left_out:
        note(f"没有账户，未列入 left out, no account: {payee} {yuan(amount)} 元")
    file = made.file
    told = {
        "file_id": file.file_id,
        "clearing_id": file.clearing_id,
        "region": file.region,
        "count": len(file.items),
        "total": yuan(file.total),
        "sha256": file.sha256,
        "funds": [structs.asdict(each) | {"total": yuan(each.total)} for each in file.funds],
        "left_out": [{"payee_kind": kind, "payee": payee, "amount": yuan(fen)} for kind, payee, fen in made.left_out],
    }
    by_fund = "".join(
        f"  {payer_name(BookedFund(each.fund, each.insurer))}：{each.count} 笔，{yuan(each.total)} 元，"
        f"校验 sha256 {each.sha256}\n"
        for each in file.funds
    )
    message = f"银行文件 {file.file_id}：{len(file.items)} 笔，{yuan(file.total)} 元，校验 sha256 {file.sha256}"
    print_result(told, f"{by_fund}{message}", json=json)


def cancel_file(
    file_id: FileId,
    actor: Actor,
    reason: Annotated[str, typer.Option("--reason", help="为什么没有送银行 why it was not sent")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """撤销没有送银行的付款文件：须由另一人。Cancel a file that was not sent; another person than made it."""
    who, why = actor_of(actor), words_of(reason, "--reason")
    run_step(data_dir, lambda engine: payment_files.cancel(engine, file_id, who, why))
    print_result({"file_id": file_id, "cancelled_by": who}, f"已撤销 cancelled: {file_id}", json=json)


def list_files(
    clearing_id: Annotated[str | None, typer.Option("--clearing", help="清算单号 one clearing")] = None,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """已制作的付款文件和未回单笔数。The files that were made, and how many lines the bank has not answered to."""
    rows = run_step(data_dir, lambda engine: payment_files.file_rows(engine, clearing_id), out)
    if json:
        print_json(rows)
    cells = [
        (
            *(
                row["file_id"],
                row["region"],
                row["clearing_id"] or "预拨 prepaid",
                row["count"],
                row["total"],
                row["open"],
            ),
            *(row["made_by"], moment_shown(row["made_at"]), row["sha256"], row["cancelled"]),
        )
        for row in rows
    ]
    show(Sheet("银行付款文件 Payment files", columns_of(_FILES), cells), json=json, out=out)


def bank_reply(
    file: Annotated[Path, typer.Argument(help="银行回单 reply: FILE.xlsx or FILE.csv", exists=True, dir_okay=False)],
    actor: Actor,
    day: Annotated[
        str | None, typer.Option("--day", help="预拨的拨款日，默认今天 day on which prepayments were transferred")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """读银行回单：按凭证号登记拨付和退汇，重读不重记。Note what the bank paid and what came back, by reference."""
    who, on = actor_of(actor), None if day is None else day_of(day, "--day")
    try:
        reply = read_reply(file)
    except UnusableFile as error:
        raise unusable(f"{file}：{error}", "The reply can't be used", "FILE") from None
    outcomes = run_step(data_dir, lambda engine: apply_reply(engine, reply.rows, who, reply.sha256, on))
    sys.exit(_tell_reply(reply, outcomes, json=json))


def _tell_reply(reply: BankReply, outcomes: list[ReplyOutcome], *, json: bool) -> int:
    refused = dict(reply.bad) | {each.row: each.reason or "" for each in outcomes if each.outcome == "refused"}
    for row, why in sorted(refused.items()):
        fail(f"第 {row} 行未登记 row {row} is refused: {why}")
    for each in outcomes:
        if each.outcome == "unchanged" and each.reason:
            note(f"第 {each.row} 行 row {each.row}：{each.reason}")
    counts, sums = Counter(each.outcome for each in outcomes), Counter[str]()
    for each in outcomes:
        sums[each.outcome] += each.amount
    told: dict[str, Any] = {
        "paid": counts["paid"],
        "paid_amount": yuan(sums["paid"]),
        "returned": counts["returned"],
        "returned_amount": yuan(sums["returned"]),
        "unchanged": counts["unchanged"],
        "refused": [{"row": row, "reason": why} for row, why in sorted(refused.items())],
    }
    message = f"已付 paid {counts['paid']} 笔 {yuan(sums['paid'])} 元；退汇 returned {counts['returned']} 笔 "
    message += f"{yuan(sums['returned'])} 元；已登记过 unchanged {counts['unchanged']}；未登记 refused {len(refused)}"
    print_result(told, message, json=json)
    return 1 if refused else 0
