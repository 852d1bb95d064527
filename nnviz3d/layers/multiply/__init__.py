"""The product of two tensors of one shape: a gate."""
