"""What reforms change of the texts, value by value; texts in which the same changes are told once."""

from collections.abc import Mapping
from typing import NamedTuple

from policies.scheme import Scheme
from policies.text_difference import ValueDifference, differences


class ChangedTexts(NamedTuple):
    """The texts of a ``scheme``, by their hashes, of which reforms change the same values to the same."""

    scheme: str
    texts: tuple[str, ...]
    differences: tuple[ValueDifference, ...]


def changed_texts(before: Mapping[str, Scheme], after: Mapping[str, Scheme]) -> list[ChangedTexts]:
    """``before`` are the texts by their hashes; ``after`` those that stand in the place of some, by the same hashes."""
    told: dict[tuple[str, tuple[ValueDifference, ...]], list[str]] = {}
    for content_hash, text in after.items():
        changed = tuple(differences(before[content_hash], text))
        told.setdefault((text.name, changed), []).append(content_hash)
    return [ChangedTexts(name, tuple(texts), changed) for (name, changed), texts in told.items()]
