"""The lines that a claim's scheme draws: yearly caps by layer and setting."""

from collections.abc import Sequence

from events.codes import SETTINGS
from policies.engine import Schemes
from policies.scheme import Scheme
from policies.values import Parameter
from processors.supervision.claim import SupervisedClaim

CAPS = ("cap", "limit")
"""How rules name what a layer pays a person in a year at most."""

YearlyCaps = dict[tuple[str, tuple[str, ...]], tuple[int, ...]]
"""By layer and settings the caps in fen, rising: those of several tracks, groups of persons or days."""


def yearly_caps(claims: Sequence[SupervisedClaim], schemes: Schemes) -> YearlyCaps:
    """The caps of the schemes that some claims are under."""
    found: dict[tuple[str, tuple[str, ...]], set[int]] = {}
    for scheme_hash in {claim.scheme for claim in claims}:
        scheme = schemes.get(scheme_hash)
        if scheme is not None:
            for place, values in _caps_of(scheme).items():
                found.setdefault(place, set()).update(values)
    return {place: tuple(sorted(values)) for place, values in found.items()}


def _caps_of(scheme: Scheme) -> dict[tuple[str, tuple[str, ...]], set[int]]:
    found: dict[tuple[str, tuple[str, ...]], set[int]] = {}
    for stage in scheme.stages:
        for case in stage.cases:
            settings = tuple(sorted(case.when.setting or SETTINGS))
            for name in CAPS:
                parameter = getattr(case, name, None)
                if isinstance(parameter, Parameter):
                    values = {row.value for row in parameter.root if isinstance(row.value, int) and row.value > 0}
                    if values:
                        found.setdefault((stage.layer, settings), set()).update(values)
    return found
