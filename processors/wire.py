"""Runs as bytes between the layers: JSON lists in the order of the fields, a third of the size of named ones.

Both ends are ours and of one release; what is kept for ever (the ledger) names its fields.
"""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from policies.claim import Audit, Bill, Claim, Payout
from processors.runs import RUNS, Cause, Run, partition_of, runs_subject
from processors.transaction import Transaction

RUNS_PER_MESSAGE = 500
BYTES_PER_MESSAGE = 900_000

_CLAIM_FIELDS = tuple(field.name for field in fields(Claim))
_REFERRAL, _BILL, _CATEGORIES, _AUDITS = map(_CLAIM_FIELDS.index, ("referral", "bill", "categories", "audits"))
_claim = attrgetter(*_CLAIM_FIELDS)
_bill = attrgetter(*(field.name for field in fields(Bill)))
_audit = attrgetter(*(field.name for field in fields(Audit)))
_cause = attrgetter(*(field.name for field in fields(Cause)))
_payout = attrgetter(*(field.name for field in fields(Payout) if field.name != "trace"))
_TAKEN = tuple(field.name for field in fields(Payout)).index("taken")


def pack_run(run: Run) -> bytes:
    """A run as bytes; the traces of its payouts stay behind."""
    return orjson.dumps(
        [
            run.person_id,
            run.scheme,
            run.year,
            run.number,
            run.stage,
            _cause(run.cause),
            [_pack_claim(claim) for claim in run.claims],
            {admission: [_pack_claim(claim) for claim in claims] for admission, claims in run.chain.items()},
            [[_payout(payout) for payout in payouts] for payouts in run.decided],
        ]
    )


def unpack_run(body: bytes) -> Run:
    """The run that ``pack_run`` packed."""
    return _unpack_run(orjson.loads(body))


def unpack_runs(body: bytes) -> list[Run]:
    """The runs in a message: a JSON list of packed ones."""
    return [_unpack_run(value) for value in orjson.loads(body)]


def _unpack_run(value: Sequence[Any]) -> Run:
    person_id, scheme, year, number, stage, cause, claims, chain, decided = value
    return Run(
        person_id,
        scheme,
        year,
        number,
        stage,
        Cause(*cause),
        [_unpack_claim(claim) for claim in claims],
        {admission: [_unpack_claim(claim) for claim in chained] for admission, chained in chain.items()},
        [[_unpack_payout(payout) for payout in payouts] for payouts in decided],
    )


def _pack_claim(claim: Claim) -> list[Any]:
    values = list(_claim(claim))
    values[_BILL] = _bill(claim.bill)
    values[_AUDITS] = [_audit(audit) for audit in claim.audits]
    return values


def _unpack_claim(values: list[Any]) -> Claim:
    values[_REFERRAL] = tuple(values[_REFERRAL])
    values[_BILL] = Bill(*values[_BILL])
    values[_CATEGORIES] = tuple(values[_CATEGORIES])
    values[_AUDITS] = tuple(Audit(*audit) for audit in values[_AUDITS])
    return Claim(*values)


def _unpack_payout(values: list[Any]) -> Payout:
    values[_TAKEN] = tuple(values[_TAKEN])
    return Payout(*values)


def send_runs(transaction: Transaction, sender: str, outgoing: Sequence[tuple[str, Run]], partitions: int) -> None:
    """Pack runs for their next consumers into as few messages as the caps allow, keeping each consumer's order."""
    by_subject: dict[str, list[bytes]] = {}
    for consumer, run in outgoing:
        subject = runs_subject(consumer, partition_of(run.person_id, partitions), sender)
        by_subject.setdefault(subject, []).append(pack_run(run))
    for subject, packed in by_subject.items():
        start = size = 0
        for index, value in enumerate(packed):
            if index > start and (size + len(value) > BYTES_PER_MESSAGE or index - start >= RUNS_PER_MESSAGE):
                transaction.send(RUNS, subject, b"[" + b",".join(packed[start:index]) + b"]")
                start, size = index, 0
            size += len(value) + 1
        transaction.send(RUNS, subject, b"[" + b",".join(packed[start:]) + b"]")
