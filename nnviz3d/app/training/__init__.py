"""Training time: pace, stop conditions, evaluation, the log of metrics."""
