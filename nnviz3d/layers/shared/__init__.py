"""What several kinds of operation have in common: lines of equations, letters, quantities of edges."""
