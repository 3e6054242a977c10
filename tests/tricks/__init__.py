"""A file of planted tricks: 20,000 ordinary claims of a made-up county, and among them each trick that a rule of
supervision looks for. The same seed gives the same file.

    python -m tests.tricks FILE.jsonl    # writes it
    python -m tests.tricks               # settles it and tells what is found
"""
