"""onnxruntime as it is used here: no optimisations, one thread, memory bounded, arrays mapped from the model's folder.

So sums come in one order and nothing is fused away: the same bits every time. No libraries of operations are ever registered.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from nnviz3d.spec.errors import InputError

MEMORY = 4 << 30  # bytes of all values that live at once


def runtime() -> Any:
    """The package; InputError where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        text = "is needed to compute the values of ONNX models and is not installed. Install it with: pip install 'nnviz3d[onnx]'"
        raise InputError.of("", "onnxruntime", text) from None
    _bounded()
    return onnxruntime


@cache
def _bounded() -> None:
    """Once a process."""
    import onnxruntime as ort

    ort.set_default_logger_severity(4)
    settings = ort.OrtArenaCfg({"max_mem": MEMORY, "arena_extend_strategy": 1})
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(place, settings)


def session(model: Any, base: Path) -> Any:
    """Of a parsed model whose files lie in `base`. Raises what onnxruntime raises."""
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(base))
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
