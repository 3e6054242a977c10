"""What runs for each event: intake, the layers, settlement."""

from processors.pipeline import kinds as kinds  # intake decides by what they register
