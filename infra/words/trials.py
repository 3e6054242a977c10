"""A trial of supervision's parameters as a list."""

from typing import Any

from msgspec import structs

from events.money import yuan
from infra.files.sheet import Sheet, columns_of
from infra.words.evidence import rule_named
from processors.supervision.trial import RuleTrial, TextTrial

TRIAL_COLUMNS = (
    "规则 rule,原 old:count+,新 new:count+,新增 gained:count+,减少 lost:count+,加重 graver:count+,减轻 milder:count+,"
    "查实仍在 confirmed kept:count+,查实丢失 confirmed lost:count+,排除仍在 dismissed kept:count+,"
    "排除减少 dismissed lost:count+,原风险 at risk old:money+,新风险 at risk new:money+"
)


def trial_json(trial: RuleTrial) -> dict[str, Any]:
    """A rule's trial for programs, money in yuan."""
    amounts = {"at_risk_old": yuan(trial.at_risk_old), "at_risk_new": yuan(trial.at_risk_new)}
    return structs.asdict(trial) | amounts


def trial_sheet(trial: TextTrial) -> Sheet:
    """A text's trial as a list, a rule a row."""
    rows = [
        (rule_named(each.rule), *(value for name, value in trial_json(each).items() if name != "rule"))
        for each in trial.rules
    ]
    return Sheet("参数试算 Trial of a text", columns_of(TRIAL_COLUMNS), rows)
