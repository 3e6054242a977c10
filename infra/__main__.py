"""``python -m infra`` is the program ``claims``."""

from infra.cli import main

if __name__ == "__main__":
    main()
