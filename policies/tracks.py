"""The text of a track: what an accumulation counts, and where limits need to know it, of which disease, month or day.

A booking carries its track for ever, and belongs to one accumulation. A limit that asks for less adds up several: the
month's are those of its days. So a track says as much as the narrowest limit on it asks for, and no more.
"""

from functools import lru_cache
from typing import NamedTuple

from policies.claim import Claim

TRACK = r"^[a-z]+$"

MONTHS, DAYS = 1, 2


class Grain(NamedTuple):
    """What a track's accumulations are kept apart by: the disease, and ``MONTHS`` or ``DAYS`` (0: neither)."""

    disease: bool = False
    span: int = 0

    @property
    def mark(self) -> str:
        """The grain as a text, ``#@day``: empty where a year has one accumulation."""
        return f"{'#' if self.disease else ''}{('', '@month', '@day')[self.span]}"

    def finest(self, other: "Grain") -> "Grain":
        """The grain that both can be read from."""
        disease, span = self.disease or other.disease, max(self.span, other.span)
        return Grain(disease, span) if disease or span else WHOLE_YEAR


WHOLE_YEAR = Grain()


class TrackParts(NamedTuple):
    """A track taken apart: its name without class, disease, month and day of the claims, None where it says none."""

    name: str
    whole: str
    disease: str | None
    month: int | None
    day: int | None


def fine_track(track: str, grain: Grain, claim: Claim) -> str:
    """The accumulation of a track that a claim counts to: ``chronic:I#hypertension@0506``."""
    if grain is WHOLE_YEAR:
        return track
    disease = f"#{claim.disease}" if grain.disease and claim.disease is not None else ""
    day = claim.date
    span = ("", f"@{day.month:02}", f"@{day.month:02}{day.day:02}")[grain.span]
    return f"{track}{disease}{span}"


@lru_cache(maxsize=4096)
def track_parts(track: str) -> TrackParts:
    """A track taken apart."""
    rest, _, span = track.partition("@")
    whole, _, disease = rest.partition("#")
    month, day = span[:2], span[2:]
    return TrackParts(
        whole.partition(":")[0], whole, disease or None, int(month) if month else None, int(day) if day else None
    )
