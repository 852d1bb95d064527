"""Each row (or each token) with mean 0 and variance 1 over its own numbers, then scaled and shifted."""
