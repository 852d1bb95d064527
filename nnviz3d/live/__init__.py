"""The link between a training loop that is watched and the viewers that watch it."""
