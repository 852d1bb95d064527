"""The readout: everything the overlay is given for one frame."""
