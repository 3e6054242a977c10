"""What the catalogue says of a line, by the names of the national interface (FEE: 2301, 2204)."""

from typing import Any

from processors.catalogue.entries import NO_CAP, SELF_FUNDED_LEVEL
from processors.catalogue.pricing import LineTerms

OTHER_CHARGES = "14"
"""med_chrgitm_type of what nobody has said more of."""


def fee_fields(terms: LineTerms) -> dict[str, Any]:
    """Cap, ratio, level and type of charge, and ``entry``, the number of the entry, None where the code has none.

    Ratio and cap are texts of digits, as JSON keeps them; ``memo`` says why a line is wholly self-funded, where it is.
    """
    entry = terms.entry
    return {
        "entry": None if entry is None else entry.number,
        "pric_uplmt_amt": str(NO_CAP if entry is None or entry.price_cap is None else entry.price_cap),
        "selfpay_prop": "1" if entry is None or terms.reason is not None else str(entry.upfront_ratio),
        "chrgitm_lv": SELF_FUNDED_LEVEL if entry is None else entry.level,
        "med_chrgitm_type": OTHER_CHARGES if entry is None else entry.charge_type,
        "memo": terms.why,
    }
