"""A statement of the ledger as ``setlinfo`` and ``setldetail`` of the national interface.

Every identity of the interface holds to the fen: the total is the sum of its four parts, and that of funds, person and
hospital; what the funds pay is the sum of its fields, and of ``setldetail``.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from processors.law.terms import LAYER_NAMES
from processors.person.statement import signed_fen
from processors.visits.lines import LineSums

_FIELD_OF_FUND: Mapping[str, str] = {
    "basic_fund": "hifp_pay",
    "critical_illness": "hifmi_pay",
    "assistance_fund": "maf_pay",
}
_OTHER_FIELD = "oth_pay"
_FUND_FIELDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
RESIDENTS_CODES: Mapping[str, str] = {
    "basic_fund": "390100",
    "critical_illness": "390200",
    "assistance_fund": "610100",
    "county_finance": "640100",
    "backstop_fund": "640100",
}
"""fund_pay_type of the residents' insurance, by fund."""
_EMPLOYEES_CODES: Mapping[str, str] = {**RESIDENTS_CODES, "basic_fund": "310100", "critical_illness": "330100"}
_OTHER_CODE = "999997"
_EMPLOYEE_INSURANCES = ("310", "320", "330")

AMOUNT_FIELDS = (
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"),
    *_FUND_FIELDS,
    *("hifdm_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay", "hosp_part_amt"),
)
"""The amounts of ``setlinfo``; ``act_pay_dedc`` and ``balc`` are no parts of the bill."""


class Shares(Struct, frozen=True):
    """A bill's parts and who bears it, in fen: layer, fund and what it pays in the order applied, person, hospital."""

    self_funded: int
    over_limit: int
    upfront_copay: int
    in_scope: int
    layers: tuple[tuple[str, str, int], ...]
    patient: int
    hospital: int

    @property
    def total(self) -> int:
        """The whole bill."""
        return self.self_funded + self.over_limit + self.upfront_copay + self.in_scope

    @property
    def funds(self) -> int:
        """What all layers pay."""
        return sum(paid for _, _, paid in self.layers)


def shares_of(bill: LineSums, statement: Mapping[str, Any], fund_of: Callable[[str], str]) -> Shares:
    """The shares of a bill by its statement (docs/contract.md#statement); ``fund_of`` gives a layer's fund.

    Raises ``AssertionError`` where the statement is of another bill or does not balance: nothing wrong is told.
    """
    layers = tuple(
        (str(each["layer"]), fund_of(str(each["layer"])), signed_fen(each["paid"])) for each in statement["layers"]
    )
    parts = (bill.self_funded, bill.over_limit, bill.upfront_copay, bill.in_scope)
    patient, hospital = signed_fen(statement["patient_share"]), signed_fen(statement["hospital_share"])
    shares = Shares(*parts, layers, patient, hospital)
    borne = shares.funds + shares.patient + shares.hospital
    if not shares.total == borne == signed_fen(statement["total"]):
        raise AssertionError(f"claim {statement['claim_id']}: parts {shares.total}, shares {borne} fen")
    return shares


def amount(fen: int) -> Decimal:
    """Fen as yuan with two decimals, which JSON writes as a number."""
    return Decimal(fen).scaleb(-2)


def amounts(shares: Shares, sign: int = 1) -> dict[str, Decimal]:
    """The amounts of ``setlinfo``; with ``sign`` -1 those of its reversal."""
    fen = dict.fromkeys(AMOUNT_FIELDS, 0)
    fen |= {
        "medfee_sumamt": shares.total,
        "fulamt_ownpay_amt": shares.self_funded,
        "overlmt_selfpay": shares.over_limit,
    }
    fen |= {"preselfpay_amt": shares.upfront_copay, "inscp_scp_amt": shares.in_scope}
    for _, fund, paid in shares.layers:
        fen[_FIELD_OF_FUND.get(fund, _OTHER_FIELD)] += paid
    fen |= {"fund_pay_sumamt": shares.funds, "psn_part_amt": shares.patient, "psn_cash_pay": shares.patient}
    fen["hosp_part_amt"] = shares.hospital
    return {name: amount(sign * value) for name, value in fen.items()}


def details(shares: Shares, insutype: str, sign: int = 1) -> list[dict[str, Any]]:
    """``setldetail``: a row a layer that pays, in the order applied."""
    codes = _EMPLOYEES_CODES if insutype[:3] in _EMPLOYEE_INSURANCES else RESIDENTS_CODES
    return [
        {
            "fund_pay_type": codes.get(fund, _OTHER_CODE),
            "fund_pay_type_name": LAYER_NAMES[layer],
            "inscp_scp_amt": amount(sign * shares.in_scope),
            "crt_payb_lmt_amt": None,
            "fund_payamt": amount(sign * paid),
            "setl_proc_info": None,
        }
        for layer, fund, paid in shares.layers
        if paid
    ]
