"""What the equations of all kinds share: lines of text and TeX, letters, the loss, the way back."""
