"""The sections of the dock, each a function of one frame, in the order in which they stand."""
