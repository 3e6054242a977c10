"""What a case costs at a hospital beside hospitals of its tier: by disease and setting, with its place among them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LEAST_CASES, LEAST_PEERS = 5, 4
"""With fewer cases of a disease in the year a hospital is no peer: one dear case would make its average."""

_PLACES = text(
    """
WITH cases AS (
    SELECT sums.setting, sums.disease, sums.hospital_id, sum(sums.claims) AS claims, sum(sums.total) AS total,
           sum(sums.self_funded) AS self_funded
    FROM projections.disease_years AS sums
    JOIN projections.hospitals AS hospital USING (hospital_id)
    WHERE sums.year = :year AND sums.claims > 0
      AND hospital.tier = (SELECT tier FROM projections.hospitals WHERE hospital_id = :hospital_id)
    GROUP BY sums.setting, sums.disease, sums.hospital_id
), own AS (
    SELECT * FROM cases WHERE hospital_id = :hospital_id
)
SELECT own.setting, own.disease, own.claims::bigint AS claims, own.total::bigint AS total,
       round(own.total / own.claims)::bigint AS average,
       round(own.self_funded / nullif(own.total, 0), 4) AS out_of_catalog_share,
       peers.number::int AS peers, round(peers.median)::bigint AS median,
       round((own.total / own.claims) / nullif(peers.median, 0) - 1, 4) AS over_median,
       CASE WHEN own.claims >= :least AND peers.number >= :least_peers
            THEN round((peers.below + peers.equal * 0.5) / peers.number, 4) END AS percentile
FROM own
CROSS JOIN LATERAL (
    SELECT count(*) AS number,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY (peer.total / peer.claims)::float8)::numeric AS median,
           count(*) FILTER (WHERE peer.total / peer.claims < own.total / own.claims) AS below,
           count(*) FILTER (WHERE peer.total / peer.claims = own.total / own.claims) AS equal
    FROM cases AS peer
    WHERE peer.setting = own.setting AND peer.disease = own.disease AND peer.hospital_id <> own.hospital_id
      AND peer.claims >= :least
) AS peers
ORDER BY own.total DESC
"""
)


async def peer_costs(connection: AsyncConnection, hospital_id: str, year: int) -> list[Mapping[str, Any]]:
    """A hospital's cases of a year by setting and disease, the costliest first; amounts in fen.

    ``peers`` are other hospitals of its tier with ``LEAST_CASES`` such cases, ``median`` that of their averages,
    ``percentile`` the share of them that are cheaper (equal ones count half); None with too few cases or peers.
    """
    asked = {"hospital_id": hospital_id, "year": year, "least": LEAST_CASES, "least_peers": LEAST_PEERS}
    return [dict(row) for row in (await connection.execute(_PLACES, asked)).mappings()]
