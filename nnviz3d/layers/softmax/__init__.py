"""Each row becomes shares that sum to 1."""
