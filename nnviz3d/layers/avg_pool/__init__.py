"""The mean of each window."""
