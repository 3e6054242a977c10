"""A person's file as one self-contained HTML page: no script, no network, charts as inline SVG."""
