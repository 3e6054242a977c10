"""The chronic list (门诊慢特病目录): of which diseases chronic claims are taken, in which class, who serves them."""

from collections.abc import Iterator, Sequence
from datetime import date

from pydantic import Field

from policies.claim import Claim
from policies.values import CardClass, Dated, DiseaseCode, Layer


class ChronicDisease(Dated):
    """A disease of the list.

    ``class_`` is the class that its claims have, whatever their card says; None: the card's. ``layers`` are those that
    serve it beside basic; None: all that have a case for it.
    """

    disease: DiseaseCode
    class_: CardClass | None = Field(default=None, alias="class")
    layers: list[Layer] | None = None

    def serves(self, layer: str) -> bool:
        """Whether a layer serves claims of the disease."""
        return layer == "basic" or self.layers is None or layer in self.layers


def takes(chronic: Sequence[ChronicDisease], disease: str | None, day: date) -> bool:
    """Whether chronic claims of a disease are taken on a day: of any disease where a scheme has no list."""
    return disease is not None and (not chronic or listed(chronic, disease, day) is not None)


def serves(chronic: Sequence[ChronicDisease], layer: str, claim: Claim) -> bool:
    """Whether a layer may serve a claim: a chronic one where its disease's entry says so, every other one."""
    if not chronic or claim.setting != "chronic":
        return True
    entry = listed(chronic, claim.disease, claim.date)
    return entry is not None and entry.serves(layer)


def listed(chronic: Sequence[ChronicDisease], disease: str | None, day: date) -> ChronicDisease | None:
    """The entry of a disease on a day; None where it is not on the list."""
    return next((each for each in chronic if each.disease == disease and each.holds_on(day)), None)


def chronic_problems(
    chronic: Sequence[ChronicDisease], path: Sequence[str], *, offered: bool
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a list, as (location, message); ``path`` are the scheme's layers."""
    if chronic and not offered:
        yield ("chronic_list",), "本政策没有门诊慢特病 the scheme has no setting chronic"
    for index, each in enumerate(chronic):
        if any(each.disease == other.disease and each.overlaps(other) for other in chronic[:index]):
            yield ("chronic_list", index), f"同一天重复列出 {each.disease} is listed twice on one day"
        for layer in each.layers or ():
            if layer not in path:
                yield ("chronic_list", index, "layers"), f"本政策没有这条保障线 {layer} is not on the scheme's path"
