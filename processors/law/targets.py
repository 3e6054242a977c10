"""Writes down, where finance's views read it, which targets the schemes in force state and which diseases they name."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.scheme import Scheme
from policies.targets import SMALLEST_STEP
from projections.targets import named_diseases, targets

_CENT = Decimal("0.01")


async def replace_targets(connection: AsyncConnection, scheme: Scheme) -> None:
    """Write a scheme's targets and serious diseases in the place of those of an earlier text of its name."""
    for table, rows in ((targets, target_rows(scheme)), (named_diseases, disease_rows(scheme))):
        await connection.execute(delete(table).where(table.c.scheme == scheme.name))
        if rows:
            await connection.execute(insert(table), rows)


def target_rows(scheme: Scheme) -> list[dict[str, Any]]:
    """A scheme's targets as rows of the table; one without dates holds as long as the scheme."""
    return [
        {
            "scheme": scheme.name,
            "target": target.name,
            "since": target.from_ or scheme.valid.from_,
            "until": target.until or scheme.valid.until,
            "value": _decimal(target.value),
            "grade": target.grade,
            "cite": target.citation,
        }
        for target in scheme.targets
    ]


def disease_rows(scheme: Scheme) -> list[dict[str, Any]]:
    """The diseases that a text names for more help than others get, on whatever day, each with what names it."""
    named: set[tuple[str, str]] = set()
    for stage in scheme.stages:
        if stage.layer == "assistance":
            named |= {(disease, "assistance") for case in stage.cases for disease in case.when.diseases or ()}
    if scheme.case_quota is not None:
        rows = scheme.case_quota.tariff.root
        named |= {(row.disease, "case_quota") for row in rows if row.disease is not None}
    named |= {(disease, "grant") for grant in scheme.grants for disease in grant.diseases}
    return [{"scheme": scheme.name, "disease": disease, "use": use} for disease, use in sorted(named)]


def _decimal(share: Fraction) -> Decimal:
    """A share exactly, with two decimals where two are enough."""
    exact = Decimal(int(share * SMALLEST_STEP)) / SMALLEST_STEP
    return exact.quantize(_CENT) if exact == exact.quantize(_CENT) else exact
