"""A Hugging Face folder: `config.json` and its tensors, and which architecture of ours it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz3d.formats.language_models import gpt2 as model_gpt2
from nnviz3d.formats.language_models import llama as model_llama
from nnviz3d.formats.language_models.builder import Built
from nnviz3d.formats.language_models.config import Config
from nnviz3d.formats.tensors import files as tensor_files
from nnviz3d.formats.tensors.files import TensorFiles
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError

CONFIG = "config.json"
TOKENS = 32  # of a sequence that the model is opened for: its tensors are as long
FIRST = "The capital of France is"  # what is shown first
Build = Callable[[Config, TensorFiles, int], Built]
ARCHITECTURES: dict[str, tuple[str, Build]] = {  # by `model_type`: the class of the model that is run
    "gpt2": ("GPT2LMHeadModel", model_gpt2.build),
    "llama": ("LlamaForCausalLM", model_llama.build),
    "mistral": ("MistralForCausalLM", model_llama.build),
    "qwen2": ("Qwen2ForCausalLM", model_llama.build),
}
BASES = {"GPT2LMHeadModel": "GPT2Model"}  # the same without an output of its own, which is tied to the embedding


@dataclass(frozen=True)
class ModelFolder:
    """`begin`: the token that a text begins with."""

    title: str
    files: TensorFiles
    built: Built
    begin: int


def config_of(path: Path) -> Config:
    """Raises InputError."""
    where = tensor_files.inside(path, CONFIG)
    return Config(tensor_files.read_json(where, "the configuration"), where)


def refusal(path: Path) -> str:
    """Why a folder's model is not run, or "". Raises InputError where its configuration cannot be read."""
    return unknown(config_of(path)) if (path / CONFIG).is_file() else "there is no config.json, so it is not known what model this is"


def unknown(config: Config) -> str:
    """Why a model is not run, or ""."""
    known = ARCHITECTURES.get(config.model_type)
    if known is None:
        names = ", ".join(name for name, _ in ARCHITECTURES.values())
        return f"{config.architecture or 'a model without a name'} is not run by nnviz3d yet; it runs {names}"
    if config.architecture in (known[0], BASES.get(known[0]), config.model_type):
        return ""
    return f"{config.architecture} is not run by nnviz3d yet; of {config.model_type} it runs {known[0]}"


def read(path: Path, tokens: int = TOKENS) -> ModelFolder:
    """Raises InputError for an architecture that is not run, for tensors that do not fit, and for models that are too large to be run."""
    config, files = config_of(path), TensorFiles(path)
    if reason := unknown(config):
        raise InputError.of(str(config.path), "architectures", reason)
    built = ARCHITECTURES[config.model_type][1](config, files, tokens)
    numbers = built.topology.n_parameters
    if numbers > limits.RUN_PARAMETERS:
        message = f"{numbers:,} parameters; models of at most {limits.RUN_PARAMETERS:,} are run"
        raise InputError.of(str(path), "", message)
    if built.topology.n_neurons > limits.NEURONS:
        message = f"{built.topology.n_neurons:,} neurons for {tokens:,} tokens; at most {limits.NEURONS:,} are shown"
        raise InputError.of(str(path), "", message)
    begin = config.said.get("bos_token_id")
    return ModelFolder(path.resolve().name, files, built, begin if isinstance(begin, int) and begin >= 0 else 0)


def describe(path: Path) -> dict[str, Any]:
    """What a folder holds, by headers alone: no number is read. Raises InputError."""
    files = TensorFiles(path)
    config = config_of(path) if (path / CONFIG).is_file() else None
    return {
        "kind": "model",
        "file": str(path),
        "architecture": "" if config is None else config.architecture,
        "reason": refusal(path),
        "bytes": files.bytes,
        "parameters": files.parameters,
        "files": [header.path.name for header in files.headers],
        "tensors": [{"name": name, "shape": list(what.shape), "dtype": what.dtype} for name, what in files.stored.items()],
    }
