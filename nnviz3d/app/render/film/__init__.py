"""Films: what is played, how a moment becomes an array, and how arrays become a file."""
