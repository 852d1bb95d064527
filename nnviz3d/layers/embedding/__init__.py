"""The row of a table for each token."""
