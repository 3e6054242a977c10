"""Entries of the medical catalogue, and which of them holds for a code on a day."""

from bisect import insort
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

CatalogueKind = Literal["drug", "service", "consumable"]
CATALOGUE_KIND_NAMES: dict[CatalogueKind, str] = {"drug": "药品", "service": "诊疗", "consumable": "耗材"}
CatalogueLevel = Literal["01", "02", "03"]
LEVEL_NAMES: dict[CatalogueLevel, str] = {"01": "甲", "02": "乙", "03": "丙"}
"""By the code of chrgitm_lv; what is of level 丙 is wholly self-funded."""
SELF_FUNDED_LEVEL: CatalogueLevel = "03"
NO_CAP = Decimal(999_999)
"""What stands for no price cap in pric_uplmt_amt, and in lists of provinces."""
CHARGE_TYPE_NAMES: dict[str, str] = {
    "01": "床位费",
    "02": "诊察费",
    "03": "检查费",
    "04": "化验费",
    "05": "治疗费",
    "06": "手术费",
    "07": "护理费",
    "08": "卫生材料费",
    "09": "西药费",
    "10": "中药饮片费",
    "11": "中成药费",
    "12": "一般诊疗费",
    "13": "挂号费",
    "14": "其他费",
}
"""By the code of med_chrgitm_type."""
USUAL_CHARGE_TYPES: Mapping[CatalogueKind, str] = {"drug": "09", "service": "14", "consumable": "08"}
"""The type of charge of an entry that states none."""


class CatalogueEntry(Struct, frozen=True):
    """What holds for a code (med_list_codg) from a first day on, in a region, or in all where ``region`` is None.

    ``upfront_ratio`` is 先行自付比例, from 0 to 1; ``price_cap`` is yuan a unit, None where there is none;
    ``valid_until`` is the last day, None where it is open. ``number`` orders entries as they were recorded.
    """

    number: int
    code: str
    name: str
    kind: CatalogueKind
    level: CatalogueLevel
    upfront_ratio: Decimal
    price_cap: Decimal | None
    charge_type: str
    valid_from: date
    valid_until: date | None = None
    region: str | None = None


class Catalogue:
    """Entries by code. On a day the one holds that began last, of several of that day the last recorded.

    An entry of the region itself goes before one of all regions. An entry that has ended gives way to none before it:
    a new entry ends the older ones from its first day.
    """

    def __init__(self, entries: Iterable[CatalogueEntry] = ()) -> None:
        self._by_code: dict[tuple[str, bool], list[CatalogueEntry]] = {}
        for entry in entries:
            standing = self._by_code.setdefault((entry.code, entry.region is not None), [])
            insort(standing, entry, key=lambda each: (each.valid_from, each.number))

    def on(self, code: str, day: date) -> CatalogueEntry | None:
        """The entry that holds for a code on a day."""
        for of_region in (True, False):
            begun = [each for each in self._by_code.get((code, of_region), ()) if each.valid_from <= day]
            if begun and (begun[-1].valid_until is None or day <= begun[-1].valid_until):
                return begun[-1]
        return None
