"""What is typed at the commands of the bank, an odd argument where they take one."""

from pathlib import Path

from tests.payees import CARD


def bank_calls(folder: Path, month: str, region: str, odd: str) -> dict[str, list[tuple[object, ...]]]:
    """By command; ``odd`` is the text that shall not steer a terminal."""
    clearing = f"{region}-{month}-1"
    who, other, why = ("--actor", "wang"), ("--actor", "li"), ("--reason", odd)
    listed = folder / "payees.csv"
    listed.write_text(f"编号,户名,账号,开户行,{odd}\nP1,{odd},{odd},x,y\nP{odd},{odd},{CARD},x,y\n", encoding="utf-8")
    reply = folder / "reply.csv"
    reply.write_text(
        f"凭证号,金额,结果,原因\n{odd},1,成功,\n{odd},1,{odd},{odd}\n{odd},{odd},失败,x\n", encoding="utf-8"
    )
    account = ("--bank", "x", "--account", CARD)
    making = ("clearing", "payment-file", clearing)
    return {
        "payees new-key": [("payees", "new-key")],
        "payees set": [
            ("payees", "set", "P1", "--holder", odd, *account, *who),
            ("payees", "set", odd, "--holder", "x", *account, *who),
            ("payees", "set", "P1", "--holder", "x", "--bank", odd, "--account", odd, *who),
        ],
        "payees import": [("payees", "import", listed, *who)],
        "payees approve": [("payees", "approve", "99", *other), ("payees", "approve", "--all", *other)],
        "payees list": [("payees", "list"), ("payees", "list", "--payee", odd)],
        "payees history": [("payees", "history", "P1"), ("payees", "history", odd)],
        "payees withdraw": [("payees", "withdraw", "99", *who, *why)],
        "payees end": [("payees", "end", "99", *who, *why)],
        "payees rotate-key": [("payees", "rotate-key")],
        "clearing payment-file": [
            (*making, "--out", folder / "pay.csv", *who, "--purpose", odd),
            (*making, "--out", folder / f"{odd}.txt", *who),
        ],
        "prepayments payment-file": [
            ("prepayments", "payment-file", "--region", region, "--out", folder / "pay.csv", *who, "--purpose", odd),
            ("prepayments", "payment-file", "--region", odd, "--out", folder / "pay.csv", *who),
        ],
        "clearing repeat-file": [("clearing", "repeat-file", odd, "--out", folder / "pay.csv")],
        "clearing cancel-file": [("clearing", "cancel-file", odd, *other, *why)],
        "clearing payment-files": [("clearing", "payment-files"), ("clearing", "payment-files", "--clearing", odd)],
        "clearing bank-reply": [("clearing", "bank-reply", reply, *other)],
        "clearing form": [("clearing", "form", odd, "--out", folder / "form.html")],
        "report payment-days": [("report", "payment-days"), ("report", "payment-days", "--each")],
        "report late-adjustments": [("report", "late-adjustments", "--month", odd)],
    }
