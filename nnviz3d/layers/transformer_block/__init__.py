"""The sum of tensors of one shape: a residual path."""
