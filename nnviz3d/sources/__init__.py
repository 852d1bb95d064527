"""One protocol for "something that has a network", and the first of its kind: our own training."""
