"""Where a token stands, added to it or turned into it."""
