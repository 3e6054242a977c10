"""A priced line as the national interface answers it (FEE: 2301, 2204). Amounts are yuan with two decimals."""

from collections.abc import Mapping
from decimal import Decimal

from processors.catalogue.entries import NO_CAP, SELF_FUNDED_LEVEL
from processors.catalogue.pricing import PricedLine

_OTHER_CHARGES = "14"
_FLAGS = ("bas_medn_flag", "hi_nego_drug_flag", "chld_medc_flag", "list_sp_item_flag", "lmt_used_flag", "drt_reim_flag")
"""Flags of which the catalogue says nothing: 0, no."""


def fee_fields(priced: PricedLine) -> Mapping[str, str | Decimal]:
    """The fields of one line's answer; ``memo`` says why a line is wholly self-funded, where it is."""
    line, entry = priced.line, priced.terms.entry
    wholly = priced.terms.reason is not None
    return {
        "feedetl_sn": line.sn,
        "det_item_fee_sumamt": _yuan(line.amount),
        "cnt": line.count,
        "pric": line.price,
        "pric_uplmt_amt": NO_CAP if entry is None or entry.price_cap is None else entry.price_cap,
        "selfpay_prop": Decimal(1) if wholly or entry is None else entry.upfront_ratio,
        "fulamt_ownpay_amt": _yuan(priced.self_funded),
        "overlmt_amt": _yuan(priced.over_limit),
        "preselfpay_amt": _yuan(priced.upfront_copay),
        "inscp_scp_amt": _yuan(priced.in_scope),
        "chrgitm_lv": SELF_FUNDED_LEVEL if entry is None else entry.level,
        "med_chrgitm_type": _OTHER_CHARGES if entry is None else entry.charge_type,
        **dict.fromkeys(_FLAGS, "0"),
        "memo": priced.why or "",
    }


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
