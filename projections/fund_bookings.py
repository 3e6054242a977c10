"""What the ledger has booked on each fund: sums by month, year, scheme, region, fund and line (``processors/finance``).

An entry names its fund itself. Entries from before funds were named mean the usual ones of ``policies.funds``.
"""

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Table, Text

from events.decisions import PREMIUM_REFUNDED
from events.store.metadata import metadata, one_of
from policies.funds import USUAL
from projections.bookings import ENTRIES_IN_RANGES, IS_BOOKING, IS_PREMIUM

BOOKED_LINES = ("premiums", "payouts", "grants", "refunds", "premiums_paid")
"""Lines of an account that the journals book: ``premiums`` come in, the others go out.

``premiums`` are due to the fund that insures, and ``premiums_paid`` by the one that pays: both without what goes to the
person (``refunds``), who had paid it to the insurance himself.
"""

fund_bookings = Table(
    "fund_bookings",
    metadata,
    Column("month", Text, primary_key=True, comment="of booking, YYYY-MM in Asia/Shanghai"),
    Column("service_month", Text, primary_key=True, comment="YYYY-MM of the account's year: see BOOKED_ON_FUNDS"),
    Column("year", SmallInteger, primary_key=True, autoincrement=False, comment="benefit year, or the premium's"),
    Column("scheme", Text, primary_key=True, comment="name"),
    Column("region", Text, primary_key=True, comment="of the person; of a refund that whose clearings carry it"),
    Column("fund", Text, primary_key=True),
    Column("insurer", Text, primary_key=True, comment="who keeps the fund; empty where none is named"),
    Column("line", Text, primary_key=True, comment="of the account, as in projections/fund_bookings.py"),
    Column(
        "other_fund", Text, primary_key=True, comment="of a premium: who pays it, or what it is paid to; else empty"
    ),
    Column("amount", BigInteger, nullable=False, comment="fen"),
    Column("bookings", Integer, nullable=False),
    one_of("line", BOOKED_LINES),
    schema="projections",
    comment="sums of what is booked on each fund",
)

_USUAL = " ".join(f"WHEN '{paid_for}' THEN '{fund}'" for paid_for, fund in USUAL.items())
_MONTH = "to_char(entry.recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"

# OFFSET 0 keeps PostgreSQL from writing the expression out wherever it is named: an entry's data is parsed once.
_SAID = "SELECT convert_from(entry.data, 'UTF8')::jsonb AS said OFFSET 0"

_ON_CLAIMS = f"""
SELECT {_MONTH} AS month, to_char(claim.date, 'YYYY-MM') AS service_month,
       coalesce(entry.year, extract(year FROM claim.date)) AS year, entry.scheme, claim.region,
       coalesce(said.said ->> 'fund', CASE coalesce(said.said ->> 'grant', entry.layer) {_USUAL} END, entry.layer, '')
         AS fund,
       coalesce(said.said ->> 'insurer', '') AS insurer,
       CASE WHEN entry.type LIKE 'grant.%' THEN 'grants' ELSE 'payouts' END AS line, '' AS other_fund,
       entry.paid AS amount, entry.journal, entry.number, entry.type, entry.recorded_at, entry.claim_id, entry.person_id
FROM ranges
{ENTRIES_IN_RANGES}
JOIN projections.claims AS claim ON claim.claim_id = entry.claim_id
CROSS JOIN LATERAL ({_SAID}) AS said
WHERE {IS_BOOKING} AND entry.paid <> 0
"""  # noqa: S608 - our own words
_REFUNDED = f"entry.type = '{PREMIUM_REFUNDED}'"
_PREMIUM_AMOUNT = (
    f"CASE WHEN side.line = 'refunds' THEN CASE WHEN {_REFUNDED} THEN entry.paid ELSE 0 END "
    f"WHEN {_REFUNDED} THEN -entry.paid ELSE entry.paid END"
)
"""Of the entry alone: who asks for nothing that its data says has no data read."""
_PREMIUMS = f"""
SELECT {_MONTH} AS month, NULL AS service_month, entry.year, entry.scheme,
       CASE side.line WHEN 'refunds' THEN premium.cleared_in ELSE premium.region END AS region,
       CASE side.line WHEN 'premiums' THEN premium.insured_by ELSE premium.payer END AS fund,
       CASE side.line WHEN 'premiums' THEN premium.insurer ELSE '' END AS insurer, side.line,
       CASE side.line WHEN 'premiums' THEN premium.payer WHEN 'premiums_paid' THEN premium.insured_by ELSE '' END
         AS other_fund,
       {_PREMIUM_AMOUNT} AS amount,
       entry.journal, entry.number, entry.type, entry.recorded_at, entry.claim_id, entry.person_id
FROM ranges
{ENTRIES_IN_RANGES}
CROSS JOIN LATERAL ({_SAID}) AS said
CROSS JOIN LATERAL (
  SELECT coalesce(said.said ->> 'payer', entry.track) AS payer,
         coalesce(said.said #>> '{{to,fund}}', said.said #>> '{{instead_of,fund}}',
                  CASE entry.layer {_USUAL} END, entry.layer, '') AS insured_by,
         coalesce(said.said #>> '{{to,insurer}}', said.said #>> '{{instead_of,insurer}}', '') AS insurer,
         said.said ->> 'region' AS region,
         coalesce(said.said ->> 'clears_in', said.said ->> 'region') AS cleared_in
) AS premium
CROSS JOIN (VALUES ('premiums'), ('premiums_paid'), ('refunds')) AS side (line)
WHERE {IS_PREMIUM} AND {_PREMIUM_AMOUNT} <> 0
"""  # noqa: S608 - our own words


def _told(booked: str) -> str:
    return f"""
SELECT month,
       coalesce(service_month, CASE WHEN coalesce(year, 0) IN (0, left(month, 4)::int) THEN month
                                    ELSE year::int || '-01' END) AS service_month,
       coalesce(year, 0)::smallint AS year, coalesce(scheme, '') AS scheme, coalesce(region, '') AS region,
       fund, insurer, line, other_fund, amount, journal, number, type, recorded_at, claim_id, person_id
FROM ({booked}) AS booked
"""  # noqa: S608 - our own words


BOOKED_ON_CLAIMS, BOOKED_PREMIUMS = _told(_ON_CLAIMS), _told(_PREMIUMS)
"""The two parts of ``BOOKED_ON_FUNDS``: payouts and grants, and the lines of premiums."""
BOOKED_ON_FUNDS = _told(f"{_ON_CLAIMS} UNION ALL {_PREMIUMS}")
"""Each line of each entry in ``ranges`` (journal, low, high), amounts in fen, and the entry that it is of.

``service_month`` is that of discharge or service; of a premium that of booking, where it lies in the premium's year,
else that year's January.

What a damaged entry does not say is empty or 0: ``claims verify`` names it, and the sums go on. Data that is no JSON
ends the statement (``processors/finance/unreadable.py`` finds the entry).
"""
