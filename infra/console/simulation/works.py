"""What a simulation's work does in the background, and what of it stands on its page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.background import Work, WorkFile, WorkOutcome, WorkProgress
from infra.console.simulation.reform_form import ReformForm
from infra.postgres.engine import database_url_of
from infra.whatif_page.budget_page import budget_page, goal_values
from infra.whatif_page.page import effect_values, page
from infra.words.simulations import answer, goal_answer
from infra.worker.goal_search import require_layers, seek
from infra.worker.simulation_results import simulation_result
from infra.worker.simulations import Settling
from policies.goal import GoalFile
from policies.reform import ReformFile
from processors.queries.names import load_names
from processors.simulation.burdens import Breakdown
from processors.simulation.goal_figures import figure_of
from processors.simulation.plan import Asked
from processors.simulation.totals import SimulationTotals

_HTML = "text/html; charset=utf-8"


@dataclass
class RunSimulation:
    """What a work is about, and once it has ended what the template of its effect shows."""

    name: str
    form: ReformForm
    effect: Mapping[str, Any] = field(default_factory=dict)


def reform_work(reform: ReformFile, asked: Asked, subject: RunSimulation, kept_in: Path | None) -> Work:
    """Simulates a reform. Raises ``ReformError`` for assumptions that can't be used."""
    require_layers(None, asked.assumptions)

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        settling = Settling(progress=_telling(progress), kept_in=kept_in)
        result = await simulation_result(database_url_of(engine), [reform], asked, settling)
        if result.totals is not None and result.totals.unlike_count:
            return _books_differ(result.totals)
        async with engine.connect() as connection:
            hospitals = (await load_names(connection)).hospitals
        # it names nobody: a look at a person would have to be recorded
        told = {key: value for key, value in result.told.items() if key != "moved"}
        subject.effect = effect_values(result.changed, told, hospitals)
        made = page([subject.name], result.changed, told, subject.form.options(), hospitals)
        return WorkOutcome(
            f"测算完成，未入账：{answer(told)}Simulated, nothing booked",
            [("参保人", "persons", result.persons), ("受益", "gain", told["persons"]["gain"])],
            file=WorkFile("whatif.html", _HTML, made.encode()),
        )

    return work


def goal_work(goal: GoalFile, asked: Asked, subject: RunSimulation, kept_in: Path | None) -> Work:
    """Looks for the value that meets a goal. Raises ``ReformError`` for a goal that can't be used."""
    require_layers(goal, asked.assumptions)
    figure_of(goal.goal, asked.assumptions)
    asked = structs.replace(asked, breakdown=Breakdown())

    async def work(engine: AsyncEngine, progress: WorkProgress) -> WorkOutcome:
        settling = Settling(progress=_telling(progress), kept_in=kept_in)
        sought = await seek(database_url_of(engine), goal, asked, settling)
        if sought.totals.unlike_count:
            return _books_differ(sought.totals)
        subject.effect = goal_values(goal, sought.told)
        made = budget_page(goal, sought.told)
        return WorkOutcome(
            f"求值完成，未入账：{goal_answer(goal.goal, sought.told)}",
            file=WorkFile("budget.html", _HTML, made.encode()),
            good=sought.told["value"] is not None,
        )

    return work


def _telling(progress: WorkProgress) -> Any:
    def told(what: str, done: int, total: int) -> None:
        progress.set(done, total, what)

    return told


def _books_differ(totals: SimulationTotals) -> WorkOutcome:
    return WorkOutcome(
        f"账上与重算不一致的参保人 {totals.unlike_count} 名，不能测算：请先验账。The books of so many persons are "
        "not what settling them anew gives: prove the books first",
        path="/operations/proof",
        good=False,
    )
