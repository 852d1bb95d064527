"""A link to somebody's own training loop (not built yet)."""
