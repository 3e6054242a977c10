"""Runs as bytes between the layers: JSON lists in the order of the fields, a third of the size of named ones.

Both ends are ours and of one release; what is kept for ever (the ledger) names its fields.
"""

from collections.abc import Sequence

import msgspec

from processors.delivery.run import RUNS, Run, partition_of, runs_subject
from processors.delivery.transaction import Transaction

RUNS_PER_MESSAGE = 500
BYTES_PER_MESSAGE = 900_000

pack_run = msgspec.json.Encoder().encode
"""A run as bytes."""
unpack_run = msgspec.json.Decoder(Run).decode
"""The run that ``pack_run`` packed."""
unpack_runs = msgspec.json.Decoder(list[Run]).decode
"""The runs in a message: a JSON list of packed ones."""


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
