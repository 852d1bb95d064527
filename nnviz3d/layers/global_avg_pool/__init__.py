"""The mean of each channel."""
