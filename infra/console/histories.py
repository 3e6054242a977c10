"""A person's history as pages read it: one that is not there, or not readable, is told in words."""

from datetime import date, datetime

from events.refusals import Refusal
from infra.cli.uplift_text import uplift_text
from infra.console.errors import NotFound, Refused
from infra.console.visitor import Visitor
from processors.person.history import PersonHistory
from processors.person.replay import load_history
from processors.pipeline.claim_history import HistoryError
from processors.queries.uplift import uplifts_of


async def history_of(
    visitor: Visitor, person_id: str, known: datetime | None = None, on: date | None = None, *, needed: bool = True
) -> PersonHistory:
    """What was known of a person at a moment; where it is ``needed``, something was.

    Raises ``NotFound``; ``Refused`` where the entries give no history.
    """
    try:
        history = await load_history(visitor.engine, person_id, known, on)
    except (HistoryError, LookupError, ValueError, Refusal) as error:
        raise Refused(
            f"参保人 {person_id} 的账目读不出来，请运行 claims verify 核对。"
            f"The entries of this person can't be read: run claims verify. {error}"
        ) from error
    if needed and not history.entries:
        then = ("当时", " then") if known is not None else ("", "")
        raise NotFound(f"账本{then[0]}没有参保人 {person_id}。No such person in the ledger{then[1]}")
    return history


def uplifts_shown(history: PersonHistory) -> dict[str, str]:
    """By claim id, what the general rules would have paid and what each preference adds, in a line."""
    found = uplifts_of(history.claims, history.schemes)
    return {claim_id: "；".join(uplift_text(uplift).splitlines()) for claim_id, uplift in found.items()}
