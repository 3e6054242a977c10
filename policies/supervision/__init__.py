"""Parameters of fund supervision (基金监管): dated texts with sources, adopted by a bureau as schemes are."""
