"""Pure: topology -> positions of neurons, sizes of the network, bounding boxes."""
