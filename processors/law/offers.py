"""What a county takes claims for on a day: settings with their tiers, and the diseases that its rules know."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from policies.scheme import Scheme


def offered(scheme: Scheme, day: date) -> dict[str, Any]:
    """``settings`` by name the tiers of hospitals, null for every tier; ``diseases``: codes that a rule names."""
    settings: dict[str, list[int] | None] = {}
    for setting, offers in scheme.settings.items():
        tiers = [offer.tiers for offer in offers if offer.holds_on(day)]
        if tiers:
            named = [tier for some in tiers if some is not None for tier in some]
            settings[setting] = None if None in tiers else sorted(set(named))
    return {
        "scheme": scheme.name,
        "title": scheme.title,
        "day": day.isoformat(),
        "settings": settings,
        "diseases": sorted(set(_diseases(scheme, day))),
    }


def _diseases(scheme: Scheme, day: date) -> Iterator[str]:
    for stage in scheme.stages:
        for case in stage.cases:
            for condition in (case.when, case.unless):
                if condition is not None:
                    yield from condition.diseases or ()
    for grant in scheme.grants:
        if grant.holds_on(day):
            yield from grant.diseases
    for parameter in scheme.parameters.values():
        for row in parameter.root:
            if row.disease is not None and row.holds_on(day):
                yield row.disease
