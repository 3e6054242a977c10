"""What counties offer as one self-contained HTML page for hospitals: no script, no network, nothing of any person."""
