"""Section ``withholding`` of a supervision text: what clearings keep back of hospitals and release."""

from typing import Self

from pydantic import model_validator

from policies.supervision.values import CitedRatio, CitedSection


class WithholdingTerms(CitedSection):
    """Money kept back until a hospital's score is known (质量保证金、考核预留).

    Each clearing keeps back ``share`` of what a fund is to transfer to a hospital of the region. For a year's score of
    class A, B, C or D up to ``released_*`` of what the year's clearings kept back is released.
    """

    share: CitedRatio
    released_a: CitedRatio
    released_b: CitedRatio
    released_c: CitedRatio
    released_d: CitedRatio

    @model_validator(mode="after")
    def _better_class_gets_no_less(self) -> Self:
        shares = [self.released(each).value for each in "ABCD"]
        if shares != sorted(shares, reverse=True):
            raise ValueError(
                "等次高的返还比例不得低于等次低的 a better class is released no smaller share: released_a to released_d"
            )
        return self

    def released(self, credit_class: str) -> CitedRatio:
        """Of what was kept back the share that a class is released; raises ``KeyError`` for no class."""
        return {"A": self.released_a, "B": self.released_b, "C": self.released_c, "D": self.released_d}[credit_class]
