"""How well each query fits each key: q k / sqrt(d)."""
