"""The rules of supervision, a module each, which it names ``RULE``.

Each module here is imported, so that a new rule needs no list to be changed.
"""

from importlib import import_module
from pkgutil import iter_modules

from processors.supervision.rule import SupervisionRule


def _rules() -> dict[str, SupervisionRule]:
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return {module.RULE.code: module.RULE for module in modules if hasattr(module, "RULE")}


SUPERVISION_RULES = _rules()
"""By code."""
