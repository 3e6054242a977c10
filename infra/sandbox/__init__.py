"""The sandbox: a gateway over a made-up county, against which a hospital's program is tried (docs/sandbox.md)."""
