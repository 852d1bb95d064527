"""Model and weights files: safetensors now; models of other tools are not built yet."""
