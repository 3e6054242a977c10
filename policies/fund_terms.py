"""What a scheme's text states of a fund's account: operating costs, surplus, deficit, and how the fund is kept."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from events.codes import TIERS
from policies.value_gaps import Scope, value_problems
from policies.values import Amount, Cited, Parameter, Ratio, Strict


class SurplusTo(Cited):
    """Where an account's surplus of a year goes."""

    value: Literal["next_year"]


class DeficitBorneBy(Cited):
    """Who makes good an account's deficit of a year."""

    value: Literal["government"]


class Kept(Cited):
    """How a fund is set up or kept, in the document's words (单独核算)."""

    value: Annotated[str, Field(min_length=1, max_length=200)]


class FundTerms(Strict):
    """What a text states of a fund's account; what it leaves out it does not state.

    ``operations`` is the part of a year's premiums that running it may cost, ``operations_limit`` the most that this
    comes to.
    """

    operations: Parameter[Ratio] | None = None
    operations_limit: Parameter[Amount] | None = None
    surplus_to: SurplusTo | None = None
    deficit_borne_by: DeficitBorneBy | None = None
    kept: Kept | None = None

    def problems(self, from_: date, until: date | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What its values leave open between two days, as (location, message)."""
        scope = Scope(from_, until, TIERS, (None,), ("general",))
        for name in ("operations", "operations_limit"):
            parameter = getattr(self, name)
            for at, message in () if parameter is None else value_problems(parameter, scope):
                yield (name, *(() if at is None else (at,))), message


class SupplementaryAccount(FundTerms):
    """The account of the supplementary layer's fund, which states everything."""

    operations: Parameter[Ratio]
    surplus_to: SurplusTo
    deficit_borne_by: DeficitBorneBy
