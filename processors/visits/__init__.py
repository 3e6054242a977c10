"""What hospitals tell of visits before and beside the claim: the visit, its fee lines, its settlements.

It stands in schema ``gateway``, outside the ledger: ``claims verify`` and ``claims rebuild`` do not read it.
"""
