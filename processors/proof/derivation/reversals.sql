-- The last reversal under each claim id. One that came before the claim was accepted is of a discharge that waited.
SELECT claim_id, max(number) AS entry
FROM ledger.entries
WHERE journal = 'intake' AND type = 'claim.reversed.v1'
GROUP BY claim_id
