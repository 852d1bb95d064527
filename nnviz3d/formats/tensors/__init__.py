"""Files of named tensors (safetensors): headers, numbers, outlines, differences."""
