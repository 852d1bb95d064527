"""Commands that need a session only."""
