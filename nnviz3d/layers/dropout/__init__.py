"""Some numbers become 0 while training, the others grow in proportion."""
