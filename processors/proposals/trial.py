"""Trials of proposed texts: what a scheme would change of what is settled, and supervision of what is found."""

from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec import to_builtins
from sqlalchemy.ext.asyncio import AsyncEngine

from policies.scheme import Scheme
from policies.supervision.text import SupervisionText
from processors.resettlement.order import ChangeEffect, change_by, persons_touched, preview
from processors.supervision.trial import try_text


async def try_scheme(
    engine: AsyncEngine, scheme: Scheme, since: date, on_progress: Callable[[str, int], None]
) -> dict[str, Any]:
    """What the text would change if all claims of its name dated ``since`` or later were settled by it, in fen.

    Nothing is booked: adopting it moves none of them, a re-settlement that is ordered would.
    """
    change, effect = await change_by(engine, scheme, since), ChangeEffect()
    async for page in persons_touched(engine, change):
        before = effect.claims
        await preview(engine, change, [touched.person_id for touched in page], effect)
        on_progress("试算 foreseeing", effect.claims - before)
    return {
        "since": since.isoformat(),
        "persons": effect.persons,
        "claims": effect.claims,
        "before": effect.before,
        "after": effect.after,
    }


async def try_supervision(engine: AsyncEngine, text: SupervisionText) -> dict[str, Any]:
    """Which leads each rule would find more and fewer, over the whole ledger."""
    tried = await try_text(engine, text)
    rules = [each for each in to_builtins(tried.rules) if each["old"] or each["new"]]
    return {"persons": tried.persons, "rules": rules}
