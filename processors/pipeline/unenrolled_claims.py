"""Claims refused because the person was not enrolled: once he is, their hospital is told to send them again."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from events.decisions import REFUSAL_LIFTED
from processors.delivery.answers import answer
from processors.pipeline.intake import IntakeBatch
from processors.pipeline.state import Lookup
from projections.enrolments import Enrolment
from projections.refusals import UnenrolledClaim, load_unenrolled


async def _load(connection: AsyncConnection, persons: Iterable[str]) -> dict[str, list[UnenrolledClaim]]:
    found: dict[str, list[UnenrolledClaim]] = {}
    for refused in await load_unenrolled(connection, persons):
        found.setdefault(refused.person_id, []).append(refused)
    return found


UNENROLLED: Lookup[dict[str, list[UnenrolledClaim]]] = Lookup(_load, dict)
"""By person: refused as not enrolled, and not accepted since."""


def tell_refused(batch: IntakeBatch, before: Enrolment | None, now: Enrolment, number: int) -> None:
    """Tell hospitals which claims they can send again, now that the person is insured on their day.

    ``number`` is that of the fact in journal intake, by which the answers' ids are made. Each claim is told once.
    """
    batch_refused = [each for each in map(UnenrolledClaim.of_row, batch.refused) if each is not None]
    known = [*batch.state.of(UNENROLLED).get(now.person_id, ()), *batch_refused]
    # a claim that was refused several times is told by its last refusal
    by_claim = {(each.mailbox, each.subject): each for each in known if each.person_id == now.person_id}
    for refused in by_claim.values():
        day = refused.day
        was_insured = before is not None and before.insures(day)
        if day.year != now.year or was_insured or not now.insures(day) or refused.subject in batch.state.claims:
            continue
        data = {
            "source": refused.source,
            "event_id": refused.event_id,
            "type": refused.type,
            "claim_id": refused.subject,
            "reason": "not_enrolled",
            "detail": f"{now.person_id} is enrolled on {day} by now: send the claim again under a new event id",
            "detail_zh": f"参保人 {now.person_id} 在 {day} 的参保已补登：请以新的事件号重新发送",
        }
        answer_id = f"intake-{number}-{refused.number}"
        answer(batch.transaction, refused.mailbox, refused.subject, REFUSAL_LIFTED, answer_id, data)
