"""One run: what it fixes once, the order of its streams, its report."""
