"""The form that files treatment elsewhere (异地备案, 转诊)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from events.codes import FILING_KIND_NAMES
from infra.console.form_fields import FormFields
from infra.console.window.form import WindowForm
from projections.referral_filings import ReferralFiling


@dataclass(slots=True)
class FilingForm(WindowForm):
    """A filing as it is typed."""

    names: ClassVar = {
        "region": "备案机构统筹区",
        "filing_id": "备案编号",
        "person_id": "参保人编号",
        "kind": "种类",
        "effective_on": "起始日",
        "until": "截止日",
        "to_region": "前往地区",
        "to_hospital": "前往医院",
        "reason": "原因",
    }
    field_of_reason: ClassVar = {"duplicate_filing": "filing_id", "source_not_allowed": "region"}

    def stated(self) -> dict[str, Any]:
        """The filing as its event states it; where anything is ``wrong`` it is of no use."""
        fields = self.fields
        self.read(fields.region, "region")
        begun, until = self.read(fields.day, "effective_on"), self.maybe(fields.day, "until")
        return {
            "filing_id": self.read(fields.id, "filing_id"),
            "person_id": self.read(fields.id, "person_id"),
            "kind": self.read(fields.choice, "kind", FILING_KIND_NAMES),
            "effective_on": begun and begun.isoformat(),
            "until": until and until.isoformat(),
            "to_region": self.maybe(fields.region, "to_region"),
            "to_hospital": self.maybe(fields.id, "to_hospital"),
            "reason": self.read(fields.words, "reason"),
        }


def fresh_filing(region: str, person_id: str) -> FilingForm:
    """The form before anything was typed."""
    return FilingForm(FormFields({"region": [region], "person_id": [person_id]}))


def form_of(filing: ReferralFiling) -> FilingForm:
    """The form of a filing that stands, to be changed."""
    shown = {name: getattr(filing, name) for name in FilingForm.names}
    return FilingForm(FormFields({name: [str(value)] for name, value in shown.items() if value is not None}))
