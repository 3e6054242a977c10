"""What the codes of fee lines are called."""

from collections.abc import Mapping

PRICED_BY_NAMES: Mapping[str, str] = {"catalogue": "目录", "hospital": "医院", "nobody": "未拆分"}
"""By what a line was taken apart into its four parts."""
