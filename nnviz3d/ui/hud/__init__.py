"""What is drawn over the scene outside the dock."""
