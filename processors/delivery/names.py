"""The names of consumers, of the journals that they write, and of the streams that join them."""

RUNS = "RUNS"
"""The stream in which runs travel from intake through the layers to settlement."""
ANSWERS = "ANSWERS"
"""The stream of what the ledger answers to sources."""
PAYOUTS = "PAYOUTS"
"""The stream of what the ledger books, told to who pays it."""

INTAKE_CONSUMER = "intake"
SETTLEMENT_CONSUMER = "settlement"
ACCESS_CONSUMER = "access"
CLEARING_CONSUMER = "clearing"
FUNDS_CONSUMER = "funds"
PROPOSALS_CONSUMER = "proposals"
CASES_CONSUMER = "cases"
ROSTERS_CONSUMER = "rosters"
REGISTERS_CONSUMER = "registers"
SEAL_CONSUMER = "seal"
SUPERVISION_CONSUMER = "supervision"
LEADS_CONSUMER = "leads"
OFFICE_CONSUMERS = (
    ACCESS_CONSUMER,
    CASES_CONSUMER,
    CLEARING_CONSUMER,
    FUNDS_CONSUMER,
    LEADS_CONSUMER,
    PROPOSALS_CONSUMER,
    REGISTERS_CONSUMER,
    ROSTERS_CONSUMER,
    SEAL_CONSUMER,
    SUPERVISION_CONSUMER,
)
"""Those whose journals no lane writes: work of offices, leads, texts that are proposed, and who looked at whom. They
book nothing that a fund is told."""
PAYOUTS_CONSUMER = "payouts"
"""Follows the journals and writes none."""


def journal_name(consumer: str, partition: int) -> str:
    """The journal that a consumer's partition writes."""
    return consumer if consumer == INTAKE_CONSUMER else f"{consumer}.{partition}"


INTAKE_JOURNAL = journal_name(INTAKE_CONSUMER, 0)
ACCESS_JOURNAL = journal_name(ACCESS_CONSUMER, 0)
CLEARING_JOURNAL = journal_name(CLEARING_CONSUMER, 0)
FUNDS_JOURNAL = journal_name(FUNDS_CONSUMER, 0)
PROPOSALS_JOURNAL = journal_name(PROPOSALS_CONSUMER, 0)
CASES_JOURNAL = journal_name(CASES_CONSUMER, 0)
REGISTERS_JOURNAL = journal_name(REGISTERS_CONSUMER, 0)
ROSTERS_JOURNAL = journal_name(ROSTERS_CONSUMER, 0)
SEAL_JOURNAL = journal_name(SEAL_CONSUMER, 0)
SUPERVISION_JOURNAL = journal_name(SUPERVISION_CONSUMER, 0)
LEADS_JOURNAL = journal_name(LEADS_CONSUMER, 0)
