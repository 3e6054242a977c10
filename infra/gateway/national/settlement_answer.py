"""A statement of the ledger as ``setlinfo`` and ``setldetail`` of the national interface.

Every identity of the interface holds to the fen: the total is the sum of its four parts, and that of funds, person and
hospital; what the funds pay is the sum of its fields, and of ``setldetail``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from events.money import yuan
from processors.law.terms import LAYER_NAMES
from processors.person.statement import signed_fen

FundOf = Callable[[str], str]
"""The fund of a layer."""

_FIELD_OF_FUND: Mapping[str, str] = {
    "basic_fund": "hifp_pay",
    "critical_illness": "hifmi_pay",
    "assistance_fund": "maf_pay",
}
_OTHER_FIELD = "oth_pay"
_FUND_FIELDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
_RESIDENTS_CODES: Mapping[str, str] = {
    "basic_fund": "390100",
    "critical_illness": "390200",
    "assistance_fund": "610100",
    "county_finance": "640100",
    "backstop_fund": "640100",
}
_EMPLOYEES_CODES: Mapping[str, str] = {**_RESIDENTS_CODES, "basic_fund": "310100", "critical_illness": "330100"}
_OTHER_CODE = "999997"
_EMPLOYEE_INSURANCES = ("310", "320", "330")

AMOUNT_FIELDS = (
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"),
    *_FUND_FIELDS,
    *("hifdm_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay", "hosp_part_amt"),
)
"""The amounts of ``setlinfo``; ``act_pay_dedc`` and ``balc`` are no parts of the bill."""


class BillSplit(Struct, frozen=True):
    """The four parts of a bill, in fen."""

    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int


class Shares(Struct, frozen=True):
    """Who bears a bill, in fen: each layer in the order applied, the person, the hospital."""

    total: int
    layers: tuple[tuple[str, int], ...]
    patient: int
    hospital: int

    @property
    def funds(self) -> int:
        """What all layers pay."""
        return sum(paid for _, paid in self.layers)


def shares_of(statement: Mapping[str, Any]) -> Shares:
    """The shares of a statement (docs/contract.md#statement); raises ``ValueError`` where they do not make the total."""
    layers = tuple((str(each["layer"]), signed_fen(each["paid"])) for each in statement["layers"])
    shares = Shares(
        signed_fen(statement["total"]),
        layers,
        signed_fen(statement["patient_share"]),
        signed_fen(statement["hospital_share"]),
    )
    if shares.total != shares.funds + shares.patient + shares.hospital:
        raise ValueError(f"the shares of claim {statement['claim_id']} do not make its total")
    return shares


def amount(fen: int) -> float:
    """Fen as a JSON number of yuan.

    The nearest float of a number of at most 13 digits with two decimals is written with these decimals again, so no
    fen is lost on the way; nothing is computed with it.
    """
    return float(yuan(fen))


def amounts(split: BillSplit, shares: Shares, fund_of: FundOf, sign: int = 1) -> dict[str, float]:
    """The amounts of ``setlinfo``; with ``sign`` -1 those of its reversal. Raises ``ValueError`` where the parts are
    not the total's."""
    if shares.total != split.self_funded + split.over_limit + split.upfront_copay + split.in_scope:
        raise ValueError("the parts of the bill do not make its total")
    fen = dict.fromkeys(AMOUNT_FIELDS, 0)
    fen |= {"medfee_sumamt": shares.total, "fulamt_ownpay_amt": split.self_funded, "overlmt_selfpay": split.over_limit}
    fen |= {"preselfpay_amt": split.upfront_copay, "inscp_scp_amt": split.in_scope}
    for layer, paid in shares.layers:
        fen[_FIELD_OF_FUND.get(fund_of(layer), _OTHER_FIELD)] += paid
    fen |= {"fund_pay_sumamt": shares.funds, "psn_part_amt": shares.patient, "psn_cash_pay": shares.patient}
    fen["hosp_part_amt"] = shares.hospital
    return {name: amount(sign * value) for name, value in fen.items()}


def details(
    split: BillSplit, shares: Shares, fund_of: FundOf, insutype: str, sign: int = 1
) -> list[dict[str, Any]]:
    """``setldetail``: a row a layer that pays, in the order applied."""
    codes = _EMPLOYEES_CODES if insutype[:3] in _EMPLOYEE_INSURANCES else _RESIDENTS_CODES
    return [
        {
            "fund_pay_type": codes.get(fund_of(layer), _OTHER_CODE),
            "fund_pay_type_name": LAYER_NAMES[layer],
            "inscp_scp_amt": amount(sign * split.in_scope),
            "crt_payb_lmt_amt": None,
            "fund_payamt": amount(sign * paid),
            "setl_proc_info": None,
        }
        for layer, paid in shares.layers
        if paid
    ]


def negated(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What was told of a settlement, as its reversal tells it: every amount below 0."""
    info = dict(answer["setlinfo"])
    info |= {name: -info[name] + 0.0 for name in AMOUNT_FIELDS}
    rows = [dict(row) for row in answer["setldetail"]]
    return {"setlinfo": info, "setldetail": [_negated_row(row) for row in rows]}


def _negated_row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: -row[name] + 0.0 for name in ("inscp_scp_amt", "fund_payamt")}


def sum_of(rows: Sequence[Mapping[str, Any]]) -> int:
    """What ``setldetail`` comes to, in fen."""
    return sum(round(row["fund_payamt"] * 100) for row in rows)
