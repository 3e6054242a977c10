"""A statement as setlinfo: every identity of the national interface holds to the fen, for each scheme's layers."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.gateway.national.settlement_answer import AMOUNT_FIELDS, Shares, amounts, details, shares_of
from policies.claim import Claim
from policies.engine import settle
from processors.pipeline.settlement import statement_row
from processors.visits.lines import LineSums
from projections.statements import statement_json
from tests.engine import HASHES
from tests.unit.test_properties import histories

_PARTS = ("self_funded", "over_limit", "upfront_copay", "in_scope")
_FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay", "hifdm_pay")


def shares(claim: Claim) -> Shares:
    """The shares of a claim's statement, as a gateway reads it from the ledger's answer."""
    scheme = HASHES[claim.scheme]
    bill = settle(HASHES, [claim])[0][claim.number]
    statement = statement_json(statement_row(bill.claim, bill.payouts, scheme) | {"revision": 1})
    parts = LineSums(claim.bill.total, **{part: getattr(claim.bill, part) for part in _PARTS})
    return shares_of(parts, statement, lambda layer: scheme.fund_of(layer).fund)


@settings(max_examples=150)
@given(histories(), st.sampled_from(["390", "310"]), st.sampled_from([1, -1]))
def test_every_identity_holds_to_the_fen(history: list[Claim], insutype: str, sign: int) -> None:
    for claim in history:
        if not claim.standing:
            continue
        borne = shares(claim)
        told, rows = amounts(borne, sign), details(borne, insutype, sign)
        assert tuple(told) == AMOUNT_FIELDS
        # 1: the total is its four parts
        parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
        assert told["medfee_sumamt"] == sum(told[name] for name in parts) == sign * Decimal(claim.bill.total) / 100
        # 2: … and what funds, person and hospital bear
        assert told["medfee_sumamt"] == told["fund_pay_sumamt"] + told["psn_part_amt"] + told["hosp_part_amt"]
        # 3: the person pays in cash, for nobody has an account
        assert told["psn_part_amt"] == told["acct_pay"] + told["psn_cash_pay"] + told["acct_mulaid_pay"]
        # 4 and 5: the funds' sum is that of its fields, and of setldetail
        assert told["fund_pay_sumamt"] == sum(told[name] for name in _FUNDS)
        assert told["fund_pay_sumamt"] == sum(row["fund_payamt"] for row in rows)
        assert all(sign * value >= 0 and value.as_tuple().exponent == -2 for value in told.values())


def statement(**paid: str) -> dict[str, Any]:
    """A statement over 1,000.00 whose person bears 100.00 and hospital 50.00."""
    layers = [{"layer": layer, "paid": amount} for layer, amount in paid.items()]
    return {
        "claim_id": "C1",
        "total": "1000.00",
        "layers": layers,
        "patient_share": "100.00",
        "hospital_share": "50.00",
    }


BILL = LineSums(1000_00, self_funded=40_00, over_limit=10_00, upfront_copay=50_00, in_scope=900_00)
FUNDS = {
    "basic": "basic_fund",
    "basic_second": "basic_fund",
    "critical_illness": "critical_illness",
    "assistance": "assistance_fund",
    "backstop": "county_finance",
    "supplementary": "supplementary",
}


def test_each_layer_stands_in_the_field_of_its_fund() -> None:
    borne = shares_of(
        BILL,
        # 500 + 20 + 200 + 100 + 20 + 10 = 850
        statement(
            basic="500.00",
            critical_illness="200.00",
            supplementary="20.00",
            assistance="100.00",
            basic_second="20.00",
            backstop="10.00",
        ),
        FUNDS.__getitem__,
    )
    told = amounts(borne)
    assert {name: told[name] for name in ("hifp_pay", "hifmi_pay", "maf_pay", "oth_pay")} == {
        "hifp_pay": Decimal("520.00"),  # 500 + 20 of the second reimbursement
        "hifmi_pay": Decimal("200.00"),
        "maf_pay": Decimal("100.00"),
        "oth_pay": Decimal("30.00"),  # 20 supplementary + 10 backstop
    }
    codes = {row["fund_pay_type_name"]: row["fund_pay_type"] for row in details(borne, "390")}
    assert codes == {
        "基本医保": "390100",
        "大病保险": "390200",
        "补充保险": "999997",
        "医疗救助": "610100",
        "基本医保二次报销": "390100",
        "兜底": "640100",
    }
    assert details(borne, "310")[0]["fund_pay_type"] == "310100"


def test_a_statement_of_another_bill_is_never_told() -> None:
    for wrong in (
        statement(basic="849.99"),
        statement(basic="850.01"),
        statement(basic="850.00") | {"total": "999.99"},
    ):
        try:
            shares_of(BILL, wrong, FUNDS.__getitem__)
        except AssertionError:
            continue
        raise AssertionError(f"told: {wrong}")
