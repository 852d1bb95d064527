"""ONNX files: read without running them, judged before memory is taken, run by onnxruntime."""
