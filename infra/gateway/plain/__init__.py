"""Plain HTTP below /v1: CloudEvents in, for programs that speak neither NATS nor the national interface."""
