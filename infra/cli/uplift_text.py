"""An uplift as clerks read it."""

from collections.abc import Mapping
from typing import Any

from processors.law.terms import LAYER_NAMES, NameChain

_STEPS: Mapping[str, str] = NameChain(
    {
        "line": "降低大病起付线",
        "ratios": "提高比例",
        "cap": "取消封顶线",
        "other_rules": "其他规则",
    },
    LAYER_NAMES,
)


def uplift_text(uplift: Mapping[str, Any] | None) -> str:
    """What the general rules would have paid, then what each preference adds, a line each."""
    if uplift is None:
        return "—"
    steps = [f"{_STEPS[step['step']]} {step['amount']}" for step in uplift["steps"]]
    return "\n".join([f"普通待遇 general {uplift['general']}", *steps])
