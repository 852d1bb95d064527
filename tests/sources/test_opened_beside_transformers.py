"""Folders that transformers itself has written, with random weights: our logits are its logits."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.backend import choose
from nnviz3d.sources.opened_model import open_model

pytestmark = pytest.mark.frameworks
IDS = [3, 17, 50, 0, 8, 8, 41, 22]
SIZES = {"vocab_size": 61, "max_position_embeddings": 64, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
LIKE_LLAMA = SIZES | {"num_key_value_heads": 2, "intermediate_size": 48}


def gpt2(transformers):
    config = transformers.GPT2Config(vocab_size=61, n_positions=64, n_embd=32, n_layer=3, n_head=4, initializer_range=0.2)
    return transformers.GPT2LMHeadModel(config)


def base_of_gpt2(transformers):
    """Without an output of its own; its tensors have no prefix."""
    return gpt2(transformers).transformer


def llama(transformers):
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**LIKE_LLAMA, initializer_range=0.2))


def mistral(transformers):
    return transformers.MistralForCausalLM(transformers.MistralConfig(**LIKE_LLAMA, initializer_range=0.2, sliding_window=None))


def qwen2(transformers):
    return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**LIKE_LLAMA, initializer_range=0.2, tie_word_embeddings=True))


@pytest.mark.parametrize("make", [gpt2, base_of_gpt2, llama, mistral, qwen2])
def test_the_logits_of_transformers(tmp_path, make):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(1)
    model = make(transformers).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.2)
        if make is base_of_gpt2:
            wanted = model(torch.tensor([IDS])).last_hidden_state @ model.wte.weight.T
        else:
            wanted = model(torch.tensor([IDS])).logits
    model.save_pretrained(tmp_path / "m")
    found = open_model(tmp_path / "m", choose("cpu")).logits(np.array(IDS))
    wanted = wanted[0].numpy()
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
