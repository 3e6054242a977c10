"""Funds: out of which money each layer and each grant is paid, as a scheme states it or as is usual.

A premium's fund is its payer, and what it buys goes to the fund of the layer that it insures. A text without ``funds``
means what it always meant: the funds that the vocabulary names beside its layers and grants.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from policies.values import Cited
from policies.vocabulary import SHARED, PaidTerm, known

FUND_NAMES: Mapping[str, str] = {code: term.name for code, term in SHARED.funds.items()}
"""The funds of the shared vocabulary; a scheme may have others of its own."""
FUNDS = tuple(FUND_NAMES)
USUAL: Mapping[str, str] = {code: term.fund for terms in (SHARED.layers, SHARED.grants) for code, term in terms.items()}
"""The fund of each shared layer and grant. 大病兜底资金 is set up by finance (抚松 三(二)7), 上高's fifth line too."""
INSURED = ("critical_illness", "supplementary")
"""The funds that an insurer keeps."""


class BookedFund(NamedTuple):
    """Out of which money something is booked: the code of a fund, and the insurer that keeps it, where one does."""

    fund: str
    insurer: str | None = None

    def told(self) -> dict[str, str]:
        """As events name it."""
        return {"fund": self.fund} | ({} if self.insurer is None else {"insurer": self.insurer})


def booked_fund(fund: str | None, insurer: str | None, paid_for: str | None) -> BookedFund:
    """The fund that an entry names of a layer or kind of grant; the usual one where it is older than such names."""
    return BookedFund(fund or USUAL.get(paid_for or "", ""), insurer)


def _known_fund(value: object, info: ValidationInfo) -> object:
    if not known("funds", value, info):
        raise ValueError(f"{value!r} 不是资金 is no fund: name it under `vocabulary.funds`")
    return value


def _paid_for(value: object, info: ValidationInfo) -> object:
    if not known("layers", value, info) and value not in SHARED.grants:
        grants = "、".join(SHARED.grants)
        raise ValueError(f"{value!r} 既不是保障线也不是补助 is neither a layer nor a grant ({grants})")
    return value


Fund = Annotated[str, BeforeValidator(_known_fund)]
Funded = Annotated[str, BeforeValidator(_paid_for)]
"""What a fund pays for: a layer, or a kind of grant."""


class PayingFund(Cited):
    """The fund of a layer or grant; ``insurer`` names the company that keeps it, where one does."""

    fund: Fund
    insurer: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")] | None = None

    @model_validator(mode="after")
    def _kept_by_an_insurer(self) -> "PayingFund":
        if self.insurer is not None and self.fund not in INSURED:
            raise ValueError(
                f"{self.fund} 不由保险公司承办，承保公司只用于 {'、'.join(INSURED)}: no insurer keeps {self.fund}"
            )
        return self


def fund_of(
    stated: Mapping[str, PayingFund], paid_for: str, layers: Mapping[str, PaidTerm] = SHARED.layers
) -> BookedFund:
    """The fund of a layer or kind of grant, and its insurer where a scheme names one.

    ``stated`` is what the scheme says, ``layers`` its terms.
    """
    found = stated.get(paid_for)
    if found is not None:
        return BookedFund(found.fund, found.insurer)
    return BookedFund(layers[paid_for].fund if paid_for in layers else USUAL[paid_for])
