"""Where the numbers come from: own training, a recording, one training step, a snapshot. `protocols` says what they have in common."""
