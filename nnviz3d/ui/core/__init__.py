"""Building blocks of the overlay."""
