"""What is worked out about a network for people: explanations, samples, confusion, health."""
