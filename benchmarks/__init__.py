"""`make bench`: throughput, latency, peers, rebuild, verify and growth, measured in one run on one machine."""
