"""The form that corrects or reverses a bill on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from events.money import yuan
from infra.console.form_fields import FormFields
from infra.console.window.form import PART_NAMES, PARTS, WindowForm

STEP_NAMES: Mapping[str, str] = {"correct": "更正金额", "reverse": "整单冲正"}


@dataclass(slots=True)
class ChangeForm(WindowForm):
    """``bill`` are the amounts that stand, in yuan."""

    names: ClassVar = {"step": "办理", "claim_id": "结算单号", **PART_NAMES, "reason": "原因"}
    field_of_reason: ClassVar = {"bill_does_not_add_up": "total", "already_claimed": "total"}

    bill: Mapping[str, str]

    def text(self, name: str) -> str:
        """What was typed; of an amount, what stands until something was."""
        return self.bill[name] if name in self.bill and not self.fields.given("step") else self.fields.raw(name)

    def stated(self) -> tuple[str, dict[str, str], str]:
        """The step, the amounts in yuan, and why; where anything is ``wrong`` they are of no use."""
        step = self.read(self.fields.choice, "step", STEP_NAMES) or ""
        amounts = self.amounts() if step == "correct" else dict(self.bill)
        if step == "correct" and amounts == self.bill and not self.wrong:
            self.wrong["total"] = "与现在的金额相同，没有要更正的"
        return step, amounts, self.read(self.fields.words, "reason") or ""


def standing_bill(row: Mapping[str, int]) -> dict[str, str]:
    """The five amounts of a claim's row, in yuan."""
    return {part: yuan(row[part]) for part in PARTS}


def fresh_form(bill: Mapping[str, str]) -> ChangeForm:
    """The form before anything was typed."""
    return ChangeForm(FormFields({}), bill)
