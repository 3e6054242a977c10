"""What the ledger answers to sources, as CloudEvents on their own subjects."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

from events.catalog import ITSELF
from events.codes import is_id
from processors.delivery.transaction import Transaction

ANSWERS = "ANSWERS"
LEDGER = ITSELF
"""The ``source`` of every answer."""


def answer(
    transaction: Transaction, mailbox: str, token: str, type_: str, answer_id: str, data: Mapping[str, Any]
) -> None:
    """Send one answer to a mailbox; ``token`` (claim id, event id or stream sequence) ends its subject.

    The same answer sent again carries the same id: readers drop ids they have seen. In each era ids are others.
    """
    kind, _, id_ = mailbox.partition("/")
    event = {
        "specversion": "1.0",
        "id": f"{answer_id}{transaction.era}",
        "source": LEDGER,
        "type": type_,
        "subject": token,
        "time": transaction.journal.recorded_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    transaction.send(ANSWERS, f"claims.answers.{kind}.{id_}.{token}", orjson.dumps(event))


def mailbox_of(subject: str) -> str | None:
    """The source that an intake subject names: ``claims.intake.<kind>.<id>.…`` → ``kind/id``, None where no id is."""
    _, _, kind, id_, _ = subject.split(".")
    return f"{kind}/{id_}" if is_id(kind) and is_id(id_) else None
