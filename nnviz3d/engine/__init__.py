"""Arena, layers, losses, optimisers, data. Runs without a window."""
