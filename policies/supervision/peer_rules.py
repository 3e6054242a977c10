"""What the rules on hospitals and their peers state: their values, each with its source."""

from policies.values import Strict


class PeerRules(Strict):
    """The rules on hospitals, and on persons beside their peers."""
