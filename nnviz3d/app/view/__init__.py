"""What the session shows as drawables: the network, the comparison, the decision plate."""
