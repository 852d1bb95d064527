"""Files of networks, read and written: weights and checkpoints (safetensors), recordings (.nnrec), scripts for numpy and PyTorch, and the
modules of a PyTorch model."""
