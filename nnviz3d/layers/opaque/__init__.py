"""A tensor of a network that was built elsewhere: its numbers are known, how they arise is not."""
