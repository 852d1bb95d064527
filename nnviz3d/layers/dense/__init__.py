"""y = f(W x + b) over the last axis."""
