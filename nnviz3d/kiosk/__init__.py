"""The exhibit's state machine (not built yet)."""
