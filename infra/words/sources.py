"""Who sends events, as people call it."""

from collections.abc import Mapping

from infra.words.names import NamedBy

SOURCE_NAMES: Mapping[str, str] = {
    "hospital": "医疗机构",
    "bureau": "医保局",
    "civil-affairs": "民政部门",
    "poverty-office": "扶贫部门",
}


def source_named(source: str) -> str:
    """A source with what it is in the place of its kind: ``医疗机构 H36092301``."""
    kind, _, code = source.partition("/")
    return f"{SOURCE_NAMES[kind]} {code}" if kind in SOURCE_NAMES else source


BY_SOURCE = NamedBy(source_named)
