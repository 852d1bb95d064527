"""Whether the versions that an ONNX model names are known here."""

from __future__ import annotations

from nnviz3d.formats.onnx.model_file import OnnxFile, library
from nnviz3d.spec.errors import InputError, Problem

PLAIN = ("", "ai.onnx")


def check(file: OnnxFile) -> None:
    """Raises InputError with all that is wrong. Other domains are not judged: their operations are shown by name."""
    onnx, model, where = library(), file.model, str(file.path)
    problems = []
    if model.ir_version > onnx.IR_VERSION:
        problems.append(
            Problem(where, "ir_version", f"{model.ir_version} is not known; onnx {onnx.__version__} knows up to {onnx.IR_VERSION}")
        )
    versions: dict[str, int] = {}
    for each in list(model.opset_import):
        domain = "" if each.domain in PLAIN else each.domain
        if versions.setdefault(domain, each.version) != each.version:
            problems.append(
                Problem(where, "opset_import", f"names versions {versions[domain]} and {each.version} of {domain or 'ai.onnx'}")
            )
    newest = onnx.defs.onnx_opset_version()
    if "" in versions and not 1 <= versions[""] <= newest:
        problems.append(Problem(
            where, "opset_import",
            f"version {versions['']:,} of the operations is not known; onnx {onnx.__version__} knows 1 to {newest}. Export the model for "
            "an older opset, or install a newer onnx",
        ))  # fmt: skip
    if not model.graph.node:
        problems.append(Problem(where, "graph", "has no nodes"))
    if not model.graph.output:
        problems.append(Problem(where, "graph", "has no outputs"))
    if problems:
        raise InputError(*problems)
    if len(versions) < len(model.opset_import):
        del model.opset_import[:]
        model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in versions.items())
