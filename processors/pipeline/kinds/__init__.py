"""The kinds of intake event, a module each. A module registers its kind with ``processors.pipeline.intake``.

Each module here is imported, so that a new kind needs no list to be changed.
"""

from importlib import import_module
from pkgutil import iter_modules

from events.catalog import FACTS
from processors.pipeline.intake import KINDS as KINDS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

_missing = {fact.model for fact in FACTS.values() if fact.upcast is None} - KINDS.keys()
if _missing:
    raise AssertionError(f"no module of {__name__} registers {', '.join(sorted(model.__name__ for model in _missing))}")
