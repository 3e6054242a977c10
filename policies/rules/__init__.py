"""The rule kinds of docs/domain.md#4, one file each; ``AnyRule`` is what a scheme's case may name."""

from typing import Annotated

from pydantic import Field

from policies.rules.annual_bands import AnnualBands
from policies.rules.annual_true_up import AnnualTrueUp
from policies.rules.bucket_ratios import BucketRatios
from policies.rules.case_quota import QuotaBasic, QuotaFill, QuotaResidual, QuotaShare
from policies.rules.decision import Decided
from policies.rules.deductible_ratio_cap import DeductibleRatioCap
from policies.rules.ratio_within_limit import RatioWithinLimit
from policies.rules.residual import Residual
from policies.rules.top_up import TopUp

AnyRule = Annotated[
    DeductibleRatioCap
    | AnnualBands
    | RatioWithinLimit
    | AnnualTrueUp
    | BucketRatios
    | TopUp
    | Residual
    | QuotaBasic
    | QuotaFill
    | QuotaShare
    | QuotaResidual
    | Decided,
    Field(discriminator="rule"),
]

READ_NO_YEAR = ("bucket_ratios", "top_up", "residual", "decided", "quota_fill", "quota_share", "quota_residual")
"""The kinds that read nothing of the year's claims before: their layer may stand on a path twice."""
