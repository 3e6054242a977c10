"""Renders a clearing as the form that its clerks sign: A4, sums by kind of payee, hospitals, persons, funds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from events.chinese_amount import in_capitals
from infra.cli.names import Names
from infra.files.region_names import region_named
from infra.person_file.page import templates
from infra.words.clearing import KIND_NAMES, payer_named
from processors.clearing.funds import EMERGENCY_FUND
from processors.clearing.refusal import STATUS_NAMES

Row = Mapping[str, Any]
COLUMNS = (
    ("settled", "结算", "settled"),
    ("adjusted", "调整", "adjusted"),
    ("audit", "稽核扣款", "audit"),
    ("repaid", "归还临时救急借款", "repaid"),
    ("payable", "应付", "payable"),
    ("set_off", "抵扣应收", "set off"),
    ("withheld", "考核预留", "withheld"),
    ("prepaid", "预拨抵扣", "prepaid"),
    ("released", "返还预留", "released"),
    ("owed", "欠基金", "owed"),
    ("amount", "实拨", "to pay"),
)
"""Of a line the first five; of a payment the rest. payable = settled + adjusted + audit − repaid = amount + set off +
prepaid + withheld − released − owed. What is
kept back of hospitals, or released, has columns where there is any."""
FIGURES = (
    ("payable", "应付"),
    ("released", "返还预留"),
    ("netted", "冲抵"),
    ("withheld", "考核预留"),
    ("prepaid", "预拨抵扣"),
    ("amount", "实拨"),
)
"""Of a fund's order."""
SIGNATURES = (("制表", "drawn up"), ("复核", "checked"), ("审批", "approved"), ("财务", "finance"))
_WHERE_ANY = ("withheld", "released")
_LINE, _PAYMENT = (
    ("settled", "adjusted", "audit", "repaid", "payable"),
    ("set_off", "withheld", "prepaid", "released", "amount"),
)


@dataclass(slots=True)
class FormRow:
    """A payee, or a kind of payee, with its sums over all funds in yuan, by the names of ``COLUMNS``."""

    name: str
    payees: int = 0
    sums: dict[str, Decimal] = field(default_factory=lambda: {name: Decimal(0) for name, *_ in COLUMNS})

    def add(self, values: Mapping[str, Any], names: Iterable[str]) -> None:
        """Add amounts of a line or payment."""
        for name in names:
            self.sums[name] += Decimal(values[name])


def style_sheet() -> str:
    """The form's style, for a page that names it by its address."""
    return templates("infra.clearing_page").get_template("clearing.css").render()


def page(shown: Row, names: Names, as_of: datetime, *, persons: bool, style_url: str = "") -> str:
    """A clearing's form as one HTML page; ``persons`` lists each person, too.

    It needs nothing beside it, but for the style where ``style_url`` says that this is at an address of its own.
    ``shown`` is the clearing as ``processors.clearing.listings`` gives it.
    """
    payees = _payees(shown)
    kinds: dict[str, FormRow] = {}
    for (kind, _), row in payees.items():
        of_kind = kinds.setdefault(kind, FormRow(KIND_NAMES[kind]))
        of_kind.payees += 1
        of_kind.add(row.sums, row.sums)
    all_ = FormRow("合计")
    for of_kind in kinds.values():
        all_.payees += of_kind.payees
        all_.add(of_kind.sums, of_kind.sums)
    lists = ["hospital", EMERGENCY_FUND, *(["person"] if persons else [])]
    return (
        templates("infra.clearing_page")
        .get_template("clearing.html")
        .render(
            shown=shown,
            held=[{**row, "name": names.hospital(row["payee"])} for row in shown["held"]],
            region=region_named(shown["region"]),
            status=STATUS_NAMES[shown["status"]],
            columns=[each for each in COLUMNS if all_.sums[each[0]] or each[0] not in _WHERE_ANY],
            kinds=list(kinds.values()),
            all=all_,
            lists=[(KIND_NAMES[kind], _listed(payees, kind, names)) for kind in lists if kind in kinds],
            orders=[(payer_named(order), order) for order in shown["orders"]],
            figures=[each for each in FIGURES if each[0] not in _WHERE_ANY or all_.sums[each[0]]],
            share=_percent(shown["withholding"]),
            capitals=in_capitals(all_.sums["amount"]),
            signatures=SIGNATURES,
            as_of=as_of,
            style_url=style_url,
        )
    )


def _percent(withholding: Row | None) -> str | None:
    return None if withholding is None else f"{float(Fraction(withholding['share']) * 100):g}%"


def _payees(shown: Row) -> dict[tuple[str, str], FormRow]:
    rows: dict[tuple[str, str], FormRow] = {}
    for payment in shown["payments"]:
        row = rows.setdefault((payment["payee_kind"], payment["payee"]), FormRow(payment["payee"], 1))
        row.add(payment, _PAYMENT)
        row.sums["owed"] += max(Decimal(0), -Decimal(payment["balance"]) - Decimal(payment["released"]))
    for line in shown["lines"]:
        rows.setdefault((line["payee_kind"], line["payee"]), FormRow(line["payee"], 1)).add(line, _LINE)
    return rows


def _listed(payees: Mapping[tuple[str, str], FormRow], kind: str, names: Names) -> list[FormRow]:
    return [_named(row, kind, id_, names) for (each, id_), row in payees.items() if each == kind]


def _named(row: FormRow, kind: str, id_: str, names: Names) -> FormRow:
    if kind == "hospital":
        row.name = str(names.hospital(id_))
    elif kind == EMERGENCY_FUND:
        row.name = str(region_named(id_))
    return row
