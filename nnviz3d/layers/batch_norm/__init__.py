"""Each channel (of a vector: each neuron) with mean 0 and variance 1 over the rows of a batch, then scaled and shifted."""
