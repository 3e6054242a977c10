"""``claims payees``: the accounts to which payees are paid, in a register outside the ledger, set by two persons."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.arguments import Actor, actor_of, id_of, unusable, words_of
from infra.cli.clearing_step import Reason, print_result, run_step
from infra.cli.clearing_text import moment_shown
from infra.cli.names import Names, names_of
from infra.cli.options import DataDir, Json, settings_of
from infra.cli.output import fail, note, print_json
from infra.cli.register_keys import make_key_file, rotate_key_file
from infra.cli.row_output import OutFile, show
from infra.files.key_file import PAYEES, key_ring
from infra.files.payee_file import PayeeList, read_payees
from infra.files.sheet import Sheet, coded, columns_of
from infra.files.text_file import UnusableFile
from infra.words.clearing import ACCOUNT_STEP_NAMES, KIND_NAMES, payee_cells
from processors.bank import accounts
from processors.bank.account_rows import PayeeAccount, Relation
from processors.bank.accounts import RELATION_NAMES, STATUS_NAMES, AccountOrder, EnteredAccount
from processors.bank.listings import account_rows, step_rows
from projections.clearing_rows import PayeeKind

payees = typer.Typer(no_args_is_help=True, help="收款账户：登记、复核、停用。Accounts to which payees are paid.")

Kind = Annotated[PayeeKind, typer.Option("--kind", help="收款方种类 kind of payee")]
Payee = Annotated[str, typer.Argument(help="收款方编号 person_id, hospital_id or region")]
Number = Annotated[int, typer.Argument(help="账户登记号 number of the account", min=1)]
_COLUMNS = "登记号 number,种类 kind,收款方 payee,状态 status,户名 holder,账号 account,开户行 bank,联行号 code"
_COLUMNS += ",账户关系 relation,原因 reason,登记 set by,登记时间 at,复核 approved by,复核时间 approved at"
_STEPS = "登记号 number,步骤 step,账户 account,账户关系 relation,原因 reason,经办 actor,登录 login,时间 at"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(payees, name="payees")


@payees.command("set")
def set_(
    payee: Payee,
    holder: Annotated[str, typer.Option("--holder", help="户名 name of the account's holder")],
    bank: Annotated[str, typer.Option("--bank", help="开户行 bank and branch")],
    actor: Actor,
    kind: Kind = "person",
    account: Annotated[
        str | None,
        typer.Option("--account", help="账号；不写则另行提问，不留在命令记录里 asked for where it is left out"),
    ] = None,
    bank_code: Annotated[str | None, typer.Option("--bank-code", help="联行号 the bank's line number, CNAPS")] = None,
    relation: Annotated[Relation, typer.Option("--relation", help="谁的账户 whose account it is")] = "own",
    reason: Annotated[
        str | None, typer.Option("--reason", help="为什么不是本人账户 why the account is another's")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """登记收款账户，由另一人复核后生效。Set a payee's account; another person approves it."""
    who = actor_of(actor)
    keys = key_ring(settings_of(data_dir), PAYEES)
    digits = typer.prompt("账号 account number", err=True) if account is None else account
    order = AccountOrder(kind, payee, holder, digits, bank, bank_code, relation, reason)
    done: EnteredAccount = run_step(data_dir, lambda engine: accounts.enter(engine, keys, order, who))
    for warning in done.warnings:
        note(f"请核对 look at: {warning}")
    told = {"number": done.number, "payee": payee, "unchanged": done.unchanged, "warnings": list(done.warnings)}
    state = "与已登记的相同，没有改动 unchanged" if done.unchanged else "已登记，待另一人复核 waits for approval"
    print_result(told, f"账户 account {done.number}：{state}", json=json)


@payees.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="清单 list: FILE.xlsx or FILE.csv", exists=True, dir_okay=False)],
    actor: Actor,
    kind: Kind = "person",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """批量登记账户：户名、账号、开户行。Set the accounts of a list; another person approves them."""
    who = actor_of(actor)
    keys = key_ring(settings_of(data_dir), PAYEES)
    try:
        listed = read_payees(file, kind)
    except UnusableFile as error:
        raise unusable(f"{file}：{error}", "The list can't be used", "FILE") from None

    async def step(engine: AsyncEngine) -> list[EnteredAccount | str]:
        async with accounts.open_register(engine, keys) as register:
            return await accounts.enter_all(register, list(listed.orders.values()), who)

    sys.exit(_tell_import(listed, run_step(data_dir, step), json=json))


def _tell_import(listed: PayeeList, done: Sequence[EnteredAccount | str], *, json: bool) -> int:
    refused, entered = dict(listed.bad), []
    for (row, order), each in zip(listed.orders.items(), done, strict=True):
        if isinstance(each, str):
            refused[row] = each
            continue
        entered.append(each)
        for warning in each.warnings:
            note(f"第 {row} 行 row {row}，{order.payee}，请核对 look at: {warning}")
    for name in listed.ignored:
        note(f"列“{name}”未使用 column not used")
    for row, why in sorted(refused.items()):
        fail(f"第 {row} 行未登记 row {row} is refused: {why}")
    new = [each.number for each in entered if not each.unchanged]
    told = {
        "entered": new,
        "unchanged": len(entered) - len(new),
        "refused": [{"row": row, "reason": why} for row, why in sorted(refused.items())],
    }
    numbers = f"（登记号 {new[0]} 至 {new[-1]}）" if new else ""
    message = f"已登记 entered {len(new)}{numbers}，未变 unchanged {told['unchanged']}，未登记 refused {len(refused)}"
    print_result(told, message, json=json)
    return 1 if refused else 0


@payees.command()
def approve(
    actor: Actor,
    numbers: Annotated[list[int] | None, typer.Argument(help="账户登记号 numbers of accounts")] = None,
    all_: Annotated[bool, typer.Option("--all", help="全部待复核的 all that others have set")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """复核账户：须由另一人。Approve accounts; another person than set them."""
    who = actor_of(actor)
    if bool(numbers) == all_:
        raise unusable("写登记号，或用 --all，二者选一", "Give numbers, or --all", "NUMBERS")
    keys = key_ring(settings_of(data_dir), PAYEES)

    async def step(engine: AsyncEngine) -> tuple[list[PayeeAccount], int]:
        if all_:
            return await accounts.approve_all(engine, keys, who)
        return await accounts.approve(engine, keys, numbers or (), who), 0

    done, own = run_step(data_dir, step)
    told = {"approved": [each.number for each in done], "left": own}
    left = f"；本人登记的 {own} 个须由另一人复核 {own} set by yourself are left" if own else ""
    print_result(told, f"已复核 approved: {len(done)}{left}", json=json)


@payees.command()
def withdraw(number: Number, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """撤回未复核的账户。Take back an account that nobody has approved."""
    _close(accounts.withdraw, number, actor, reason, data_dir, json=json)


@payees.command()
def end(number: Number, actor: Actor, reason: Reason, data_dir: DataDir = None, json: Json = False) -> None:
    """停用账户：不再向它付款。End an approved account: nothing is paid to it any more."""
    _close(accounts.end, number, actor, reason, data_dir, json=json)


def _close(close: Any, number: int, actor: str, reason: str, data_dir: Path | None, *, json: bool) -> None:
    who, why = actor_of(actor), words_of(reason, "--reason")
    keys = key_ring(settings_of(data_dir), PAYEES)
    done: PayeeAccount = run_step(data_dir, lambda engine: close(engine, keys, number, who, why))
    told = {"number": number, "payee": done.set_.payee, "status": done.status}
    print_result(
        told, f"账户 account {number}（{done.set_.payee}）：{STATUS_NAMES[done.status]} {done.status}", json=json
    )


@payees.command("list")
def list_(
    payee: Annotated[str | None, typer.Option("--payee", help="收款方 one payee")] = None,
    kind: Annotated[PayeeKind | None, typer.Option("--kind", help="收款方种类 kind of payee")] = None,
    all_: Annotated[bool, typer.Option("--all", help="含已撤回、停用、替换的 those that no longer stand too")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="显示完整账号，供复核 whole account numbers")] = False,
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """收款账户清单，账号只显示末四位。Accounts; of numbers the last four digits unless --whole."""
    keys = key_ring(settings_of(data_dir), PAYEES)
    asked = None if payee is None else id_of(payee, "--payee")

    async def step(engine: AsyncEngine) -> tuple[list[dict[str, Any]], Names]:
        return await account_rows(engine, keys, kind, asked, whole=whole, all_=all_), await names_of(engine)

    rows, names = run_step(data_dir, step, out)
    if json:
        print_json(rows)
    cells = [_cells(row, names) for row in rows]
    show(Sheet("收款账户 Payees' accounts", columns_of(_COLUMNS), cells, personal=True), json=json, out=out)


def _cells(row: Mapping[str, Any], names: Names) -> tuple[Any, ...]:
    return (
        *(row["number"], *payee_cells(row["payee_kind"], row["payee"], names)),
        *(coded(STATUS_NAMES, row["status"]), row["holder"], row["account"], row["bank"], row["bank_code"]),
        *(coded(RELATION_NAMES, row["relation"]), row["reason"], row["set_by"], moment_shown(row["set_at"])),
        *(row["approved_by"], row["approved_at"] and moment_shown(row["approved_at"])),
    )


@payees.command()
def history(
    payee: Payee,
    kind: Kind = "person",
    out: OutFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """一个收款方账户的全部办理记录。Every step on a payee's accounts; no account is told."""
    rows = run_step(data_dir, lambda engine: step_rows(engine, kind, id_of(payee, "PAYEE")), out)
    if json:
        print_json(rows)
    cells = [
        (
            *(
                row["number"],
                coded(ACCOUNT_STEP_NAMES, row["step"]),
                row["account"],
                coded(RELATION_NAMES, row["relation"]),
            ),
            *(row["reason"], row["actor"], row["login"], moment_shown(row["at"])),
        )
        for row in rows
    ]
    title = f"账户办理记录 Steps on accounts {KIND_NAMES[kind]} {payee}"
    show(Sheet(title, columns_of(_STEPS), cells, personal=True), json=json, out=out)


@payees.command("new-key")
def new_key_(data_dir: DataDir = None, json: Json = False) -> None:
    """生成新登记簿的密钥文件。Make the key file of a new register."""
    make_key_file(data_dir, PAYEES, accounts.keys_in_use, json=json)


@payees.command("rotate-key")
def rotate_key(data_dir: DataDir = None, json: Json = False) -> None:
    """换密钥：全部账户用新密钥重新加密，旧密钥留着读旧备份。A new key: all accounts are sealed anew under it."""
    rotate_key_file(data_dir, PAYEES, accounts.keys_in_use, accounts.seal_anew, counted="accounts", json=json)
