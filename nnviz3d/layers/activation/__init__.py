"""y = f(x), number by number."""
