"""What several kinds of operation have in common."""
