"""Model files of other tools (not built yet)."""
