"""What a person's file is gathered from: his history as ``processors.replay`` tells it, read into plain values."""
