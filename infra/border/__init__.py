"""The border as sources see it: what they may send, what they hear, said as AsyncAPI."""
