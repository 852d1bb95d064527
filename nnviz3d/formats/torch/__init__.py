"""PyTorch models: read as layers of our kinds, traced, or run once for their values. torch is never imported."""
