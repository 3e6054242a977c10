"""What a draft keeps back of hospitals until their score is known (考核预留、质量保证金), and what it releases."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncConnection

from events.codes import covers
from events.county_time import county_day, month_end
from policies.arithmetic import share
from policies.supervision.text import SupervisionHistory, SupervisionText
from processors.clearing.journal import ClearingJournal
from processors.clearing.paying_funds import FundShare, FundTransfer, Payee, fund_transfers
from processors.supervision.adoption import adopted_texts
from projections.hospitals import load_hospitals
from projections.withholdings import DraftWithholding, ReleasedShare, WithheldShare, withholding_releases


async def text_in_force(connection: AsyncConnection, day: date, region: str) -> SupervisionText:
    """The supervision text that says what is kept back, and released, of a region's hospitals on a day."""
    return SupervisionHistory(each.text for each in await adopted_texts(connection)).in_force(day, region)


def last_day(month: date) -> date:
    """The last day of a month, by which the share of its clearing is chosen."""
    return county_day(month_end(month)) - timedelta(days=1)


async def releases_that_wait(journal: ClearingJournal, region: str) -> list[ReleasedShare]:
    """What the next draft of a region releases: all releases that are approved and that no clearing has paid."""
    waits = (withholding_releases.c.region == region) & (withholding_releases.c.status == "approved")
    await journal.register.load_releases(journal.connection, waits)
    found = [each for each in journal.register.withheld.releases if each.region == region and each.status == "approved"]
    return [freed for each in sorted(found, key=lambda each: each.number) for freed in each.shares()]


async def kept_back(
    connection: AsyncConnection,
    text: SupervisionText,
    region: str,
    shares: Sequence[FundShare],
    due: dict[Payee, int],
    released: Sequence[ReleasedShare],
) -> DraftWithholding | None:
    """What a draft keeps back by a text; None where it states no share.

    Of hospitals of the region alone: with others the bureau has no agreement, and scores none.
    """
    terms = text.withholding.share
    if not terms.value:
        return None
    transfers = fund_transfers(shares, due, released=released)
    paid = {each.payee for each in transfers if each.payee_kind == "hospital"}
    known = await load_hospitals(connection, paid)
    hospitals = tuple(sorted(each for each in known if covers(region, known[each].region)))
    return DraftWithholding(
        share=str(terms.value),
        grade=terms.grade,
        cite=terms.citation,
        text=text.name,
        hash=text.content_hash,
        hospitals=hospitals,
        withheld=tuple(withheld_shares(transfers, terms.value, hospitals)),
    )


def withheld_shares(
    transfers: Iterable[FundTransfer], ratio: Fraction, hospitals: Collection[str]
) -> list[WithheldShare]:
    """A share of what each fund is to transfer to some hospitals, to the fen; not of what it releases."""
    found = []
    for each in transfers:
        if each.payee_kind == "hospital" and each.payee in hospitals:
            amount = share(each.withholdable, ratio)
            if amount:
                found.append(WithheldShare(each.payee, each.payer.fund, each.payer.insurer, each.withholdable, amount))
    return found
