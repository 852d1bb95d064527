"""A training loop elsewhere, as a source."""
