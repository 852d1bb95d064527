"""Each row (or each token) divided by the root of the mean of its squares, then scaled."""
