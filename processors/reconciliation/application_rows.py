"""Applications for clearing (3203) as rows, each beside what its hospital was told over the national interface."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from events.county_time import COUNTY_TIME
from events.money import yuan
from processors.reconciliation.hospital_settlements import Chosen, hospital_settlements, sums_of
from processors.visits.clearing_applications import ClearingApplication, load_applications, taken


async def application_rows(engine: AsyncEngine, month: date | None = None) -> AsyncIterator[dict[str, Any]]:
    """All applications, or those of a month (its first day), as they came; amounts in yuan, as texts.

    ``settled_count`` and ``fund_pay_told`` are of the settlements of its days and kind that the hospital was answered,
    ``difference`` is what it applies for beyond them. ``state``: standing, withdrawn, cleared.
    """
    async with engine.connect() as connection:
        found = await load_applications(connection, month)
        clearings = await taken(connection, found)
        for each in found:
            chosen = Chosen(each.begndate, each.enddate, clr_type=each.clr_type, office=each.clr_optins or None)
            told = sums_of(await hospital_settlements(connection, each.fixmedins_code, chosen))
            yield _told(each, clearings.get(each.clr_appy_evt_id)) | {
                "settled_count": told.count,
                "fund_pay_told": yuan(told.funds),
                "difference": yuan(each.fund_appy_sum - told.funds),
            }


def _told(application: ClearingApplication, clearing_id: str | None) -> dict[str, Any]:
    """An application for programs: amounts in yuan, as texts."""
    amounts = ("medfee_sumamt", "med_sumfee", "fund_appy_sum", "cash_payamt", "acct_pay")
    plain = (
        "clr_appy_evt_id",
        "fixmedins_code",
        "clr_optins",
        "clr_type",
        "clr_way",
        "psntime",
        "opter",
        "withdrawn_by",
    )
    withdrawn = application.withdrawn_at
    standing = "standing" if withdrawn is None else "withdrawn"
    return {
        **{name: getattr(application, name) for name in plain},
        **{name: yuan(getattr(application, name)) for name in amounts},
        "month": f"{application.month:%Y-%m}",
        "begndate": application.begndate.isoformat(),
        "enddate": application.enddate.isoformat(),
        "applied_at": application.applied_at.astimezone(COUNTY_TIME).isoformat(),
        "withdrawn_at": None if withdrawn is None else withdrawn.astimezone(COUNTY_TIME).isoformat(),
        "state": "cleared" if clearing_id is not None and withdrawn is None else standing,
        "clearing_id": clearing_id,
    }
