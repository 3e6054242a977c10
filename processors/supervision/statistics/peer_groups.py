"""Peers: bills of one tier, disease group and year; those of the tier alone where they are few."""

from collections.abc import Sequence

from msgspec import Struct

from processors.supervision.statistics.outliers import RelativePlace, places

LEAST_PEERS = 20
"""Fewer bills say nothing about one of them (the supervision facts, section 3)."""


class Peer(Struct, frozen=True, gc=False):
    """One bill, or what else is compared: ``value`` is above zero, in fen where it is money."""

    tier: int
    disease_group: str
    year: int
    value: float


class PeerPlace(Struct, frozen=True, gc=False):
    """Where a bill stands among its peers.

    ``disease_group`` is None where the group had too few bills and the whole tier was taken (``fell_back``).
    ``place`` is None where the tier too has too few (``n`` of them): then nothing is said.
    """

    tier: int
    disease_group: str | None
    year: int
    n: int
    place: RelativePlace | None

    @property
    def fell_back(self) -> bool:
        """Whether the group was too small, so that the bill is compared with all bills of its tier."""
        return self.disease_group is None


def peer_places(peers: Sequence[Peer], *, least: int = LEAST_PEERS) -> list[PeerPlace]:
    """The place of each bill among its peers, in the order given."""
    groups: dict[tuple[int, str, int], list[int]] = {}
    tiers: dict[tuple[int, int], list[int]] = {}
    for index, peer in enumerate(peers):
        groups.setdefault((peer.tier, peer.disease_group, peer.year), []).append(index)
        tiers.setdefault((peer.tier, peer.year), []).append(index)
    found: dict[int, PeerPlace] = {}
    for (tier, group, year), members in groups.items():
        if len(members) >= least:
            _place(found, peers, members, members, PeerPlace(tier, group, year, len(members), None))
    for (tier, year), everyone in tiers.items():
        left = [index for index in everyone if index not in found]
        whole = PeerPlace(tier, None, year, len(everyone), None)
        if len(everyone) >= least:
            _place(found, peers, everyone, left, whole)
        else:
            found.update(dict.fromkeys(left, whole))
    return [found[index] for index in range(len(peers))]


def _place(
    found: dict[int, PeerPlace], peers: Sequence[Peer], among: Sequence[int], wanted: Sequence[int], group: PeerPlace
) -> None:
    if wanted:
        place_of = dict(zip(among, places([peers[index].value for index in among]), strict=True))
        for index in wanted:
            found[index] = PeerPlace(group.tier, group.disease_group, group.year, group.n, place_of[index])


def disease_group(diagnoses: Sequence[str], disease: str | None = None) -> str:
    """The group of a bill: the three characters of its main ICD-10 code, else its disease, else ``unknown``."""
    return diagnoses[0][:3] if diagnoses else disease or "unknown"
