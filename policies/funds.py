"""Funds: out of which money each layer and each grant is paid, as a scheme states it or as is usual.

A premium's fund is its payer, and what it buys goes to the fund of the layer that it insures. A text without ``funds``
means what it always meant: the usual funds below.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from events.codes import Layer
from policies.values import Cited

Fund = Literal[
    "basic_fund",
    "critical_illness",
    "assistance_fund",
    "supplementary",
    "county_finance",
    "civil_affairs",
    "poverty_alleviation_fund",
    "public_health",
    "emergency_fund",
    "charity",
]
FUNDS: tuple[Fund, ...] = get_args(Fund)
FUND_NAMES: Mapping[str, str] = {
    "basic_fund": "基本医保基金",
    "critical_illness": "大病保险",
    "assistance_fund": "医疗救助",
    "supplementary": "补充保险",
    "county_finance": "财政",
    "civil_affairs": "民政",
    "poverty_alleviation_fund": "扶贫资金",
    "public_health": "重大公共卫生项目资金",
    "emergency_fund": "急救基金",
    "charity": "慈善",
}

Funded = Layer | Literal["annual", "one_off"]
"""What a fund pays for: a layer, or a kind of grant."""
USUAL: Mapping[str, Fund] = {
    "basic": "basic_fund",
    "critical_illness": "critical_illness",
    "assistance": "assistance_fund",
    "supplementary": "supplementary",
    "basic_second": "basic_fund",
    # 大病兜底资金 is set up by finance (抚松 三(二)7); so is the fifth line of 上高 二2
    "backstop": "county_finance",
    # 安义 三(十三): 重大公共卫生项目资金
    "public_health": "public_health",
    # 安义 二(八): 由县财政给予
    "annual": "county_finance",
    # 长治 三(二)2: 大病关怀救助
    "one_off": "assistance_fund",
}
INSURED: tuple[Fund, ...] = ("critical_illness", "supplementary")
"""The funds that an insurer keeps."""


class PayingFund(Cited):
    """The fund of a layer or grant; ``insurer`` names the company that keeps it, where one does."""

    fund: Fund
    insurer: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")] | None = None

    @model_validator(mode="after")
    def _kept_by_an_insurer(self) -> "PayingFund":
        if self.insurer is not None and self.fund not in INSURED:
            raise ValueError(
                f"{FUND_NAMES[self.fund]}不由保险公司承办，承保公司只用于 {'、'.join(INSURED)}: "
                f"no insurer keeps {self.fund}"
            )
        return self

    def told(self) -> dict[str, str]:
        """The fund as events name it."""
        return {"fund": self.fund} | ({} if self.insurer is None else {"insurer": self.insurer})


def fund_of(stated: Mapping[Funded, PayingFund], paid_for: str) -> dict[str, str]:
    """The fund of a layer or kind of grant, as events name it: ``fund``, and ``insurer`` where a scheme names one."""
    found = stated.get(paid_for)  # type: ignore[call-overload]
    return {"fund": USUAL[paid_for]} if found is None else found.told()
