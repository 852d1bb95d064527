"""What another shape is, for people. `FORWARD`, `BACKWARD`: what happens in its phases of a walk."""

NAME = "reshape"
SENTENCE = "The same values in the same order, arranged along different axes: nothing is computed."
LOOK = "Each neuron is as bright as the one that it copies."
FORWARD = "every value is passed on unchanged, along different axes."
BACKWARD = "the error passes back unchanged, along the original axes."
