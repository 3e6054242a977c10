"""The texts of supervision's parameters as the page shows them."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from infra.words.evidence import rule_named, word, worded
from policies.explain import GRADES
from policies.supervision.text import SupervisionHistory, SupervisionText, built_in, cited_sections
from policies.supervision.values import SEVERITY_NAMES, RuleTerms
from processors.supervision.adoption import AdoptedSupervision, adopted_texts


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value of a text, with its grade and where it stands."""

    chinese: str
    code: str
    value: str
    grade: str
    grade_name: str
    source: str


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section of a text: a rule with its clause, or what all share."""

    title: str
    code: str
    remark: str
    values: list[ShownValue]


async def text_in_force(
    connection: AsyncConnection,
) -> tuple[SupervisionText, list[AdoptedSupervision]]:
    """The latest text in force everywhere, and all that were adopted."""
    adopted = await adopted_texts(connection)
    texts = [each.text for each in adopted]
    day = max((each.in_force_from for each in texts), default=built_in().in_force_from)
    return SupervisionHistory(texts).in_force(day, "000000"), adopted


def shown_sections(text: SupervisionText) -> list[ShownSection]:
    """Rules first, with their clauses; then deadlines, scorecards and what else a text says."""
    found = []
    for section, item, part in cited_sections(text):
        title, code, remark = item or section, item or section, ""
        if isinstance(part, RuleTerms):
            title = rule_named(item).name
            remark = f"第 {part.version} 版 · {SEVERITY_NAMES[part.severity]} · {part.clause}"
            remark += "" if part.used else "（停用 not used）"
        values = [
            ShownValue(
                word(name).removesuffix(f" {name}"),
                name,
                worded(each["value"]),
                each["grade"],
                GRADES.get(each["grade"], each["grade"]),
                each["cite"],
            )
            for name, each in part.described().items()
        ]
        found.append(ShownSection(title, code, remark, values))
    return sorted(found, key=lambda each: not each.remark)
