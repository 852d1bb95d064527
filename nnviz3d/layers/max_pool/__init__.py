"""The largest number of each window."""
