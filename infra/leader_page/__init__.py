"""The county's year for its leaders as one self-contained HTML page: no script, no network, no person named."""
