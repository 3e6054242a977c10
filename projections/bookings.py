"""SQL: which entries of the ledger book money, and in which run of their claim.

Every statement that sums bookings is built from these conditions, so clearing, ``claims verify`` and finance can't
disagree on what a booking is. A condition names the entry ``entry`` (of ``ledger.entries``) and its claim ``claim`` (of
``projections.claims``); grants carry the claim that brought them about, so one join gives the region of every booking.
The values are literals, so that PostgreSQL can use partial indexes.
"""

from events.decisions import (
    CLAIM_RESETTLED,
    CLAIM_SETTLED,
    GRANT_AWARDED,
    GRANT_WITHDRAWN,
    PAYOUT_ADJUSTED,
    PAYOUT_DECIDED,
    PAYOUT_WITHDRAWN,
    PREMIUM_PURCHASED,
    PREMIUM_REFUNDED,
    PREMIUM_SUBSIDISED,
)
from events.store.journal import SETTLEMENT_STAGE

_PAYOUTS = f"'{PAYOUT_DECIDED}', '{PAYOUT_ADJUSTED}', '{PAYOUT_WITHDRAWN}'"
IS_PAYOUT = f"(entry.type IN ({_PAYOUTS}) AND entry.stage BETWEEN 0 AND {SETTLEMENT_STAGE - 1})"
"""Of a layer's payout. An entry whose stage is no layer's place on a path is damaged and is never paid out."""
IS_GRANT = f"(entry.type IN ('{GRANT_AWARDED}', '{GRANT_WITHDRAWN}') AND entry.stage > {SETTLEMENT_STAGE})"
IS_BOOKING = f"entry.type IN ({_PAYOUTS}, '{GRANT_AWARDED}', '{GRANT_WITHDRAWN}')"
"""Of a layer's payout or of a grant; ``entry.paid`` holds the amount in fen, a difference.

Damaged entries count too: so sums by this condition tell that what ``IS_PAYOUT`` and ``IS_GRANT`` give is too little.
"""

ENTRIES_IN_RANGES = """CROSS JOIN LATERAL (
  SELECT * FROM ledger.entries
  WHERE entries.journal = ranges.journal AND entries.number > ranges.low AND entries.number <= ranges.high
  OFFSET 0
) AS entry"""
"""Joins the entries of ``ranges`` (journal, low, high) by their key.

PostgreSQL does not know how short the ranges are, and would rather read the whole ledger: OFFSET keeps it from that.
"""

IS_PREMIUM = f"entry.type IN ('{PREMIUM_SUBSIDISED}', '{PREMIUM_PURCHASED}', '{PREMIUM_REFUNDED}')"
"""Of a premium, or of what comes back to a person of one."""

OF_FIRST_RUN = "entry.run = claim.opened"
"""The run that first carried the claim. What it books is the claim's first settlement."""

MAY_MOVE_BETWEEN_PARTIES = f"entry.type IN ('{CLAIM_SETTLED}', '{CLAIM_RESETTLED}')"
"""What ``MOVES_BETWEEN_PARTIES`` asks of the entry alone, before its claim is known."""

MOVES_BETWEEN_PARTIES = f"""(
  {MAY_MOVE_BETWEEN_PARTIES} AND entry.run <> claim.opened AND (
    NOT claim.standing OR EXISTS (
      SELECT FROM processors.replaced_runs AS replaced
      WHERE replaced.person_id = entry.person_id AND replaced.replaced_by = entry.run
    )
  )
)"""
"""Settlement's entry of a later run of a reversed claim, or of a run that took the place of others.

It books no money, but it may move money between hospital and person in a layer that had nothing to book: of a reversed
claim where it stood at 0, and where what several facts have changed comes to 0.
"""

_SAID = "convert_from(entry.data, 'UTF8')::json"
FUND = f"({_SAID} ->> 'fund')"
"""The fund that the entry books on; null in entries from before funds were named, which mean the usual one."""
INSURER = f"({_SAID} ->> 'insurer')"
"""The insurer that keeps it, where the scheme names one."""

GRANT_KIND = f"({_SAID} ->> 'grant')"
"""Which kind of grant the entry books."""

_CAUSE = "convert_from(entry.data, 'UTF8')::jsonb"
CAUSE_NUMBER = f"({_CAUSE} #>> '{{cause,number}}')::bigint"
"""The number in journal intake of the fact that caused the entry's run: the run knew the facts up to it."""

CAUSE_TYPE = f"({_CAUSE} #>> '{{cause,type}}')"
"""The type of that fact."""

COUNTERPARTY = f"({_CAUSE} ->> 'counterparty')"
"""Who settles the entry with the funds, as its run told it."""

PAYEE_KIND = "CASE WHEN claim.prepaid THEN 'person' ELSE 'hospital' END"
"""Who is paid a claim's first settlement: a person who had prepaid the bill, else the hospital."""

PAYEE = "CASE WHEN claim.prepaid THEN claim.person_id ELSE claim.hospital_id END"
"""The id of that payee."""
