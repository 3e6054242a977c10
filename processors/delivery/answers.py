"""What the ledger answers to sources, as CloudEvents on their own subjects."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

from events.catalog import ITSELF
from processors.delivery.names import ANSWERS
from processors.delivery.transaction import Transaction


def answer(
    transaction: Transaction, mailbox: str, token: str, type_: str, answer_id: str, data: Mapping[str, Any]
) -> None:
    """Send one answer to a mailbox; ``token`` (claim id, event id or stream sequence) ends its subject.

    The same answer sent again carries the same id: readers drop ids that they have seen. The era is part of the id.
    """
    kind, _, id_ = mailbox.partition("/")
    event = {
        "specversion": "1.0",
        "id": f"{answer_id}{transaction.era}",
        "source": ITSELF,
        "type": type_,
        "subject": token,
        "time": transaction.journal.recorded_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    transaction.send(ANSWERS, f"claims.answers.{kind}.{id_}.{token}", orjson.dumps(event))
