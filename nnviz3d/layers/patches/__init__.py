"""The same numbers with other axes."""
