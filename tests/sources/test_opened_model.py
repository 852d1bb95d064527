"""Models from Hugging Face folders: logits are those of the formulas, parameters stand in memory once, what does not fit is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnviz3d.backend import choose
from nnviz3d.sources.opened_model import open_model
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError
from tests.helpers.hugging_face import (
    GPT2,
    LLAMA,
    bfloat16_file,
    gpt2_logits,
    gpt2_tensors,
    llama_logits,
    llama_tensors,
    write,
)

IDS = np.array([3, 60, 7, 7, 41, 0, 12])


def opened(folder):
    return open_model(folder, choose("cpu"))


def close(found, wanted):
    return np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_the_logits_of_gpt2(tmp_path):
    tensors = gpt2_tensors()
    model = opened(write(tmp_path / "m", GPT2, tensors))
    assert close(model.logits(IDS), gpt2_logits(tensors, GPT2, IDS))
    assert close(model.logits(IDS[:1]), gpt2_logits(tensors, GPT2, IDS[:1]))  # what was asked before leaves nothing behind


def test_an_output_of_its_own_and_names_with_a_prefix(tmp_path):
    tensors = gpt2_tensors()
    own = np.random.default_rng(8).normal(size=tensors["wte.weight"].shape).astype(np.float32)
    named = {f"transformer.{name}": values for name, values in tensors.items()} | {"lm_head.weight": own}
    model = opened(write(tmp_path / "m", GPT2, named))
    hidden = gpt2_logits(tensors, GPT2, IDS) @ np.linalg.pinv(tensors["wte.weight"].astype(np.float64).T)
    assert close(model.logits(IDS), hidden @ own.T)
    assert model.topology.n_learned == sum(values.size for values in named.values())


@pytest.mark.parametrize("biases, tied", [(False, False), (True, True)])
def test_the_logits_of_llama_and_qwen2(tmp_path, biases, tied):
    config = LLAMA | ({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]} if biases else {}) | {"tie_word_embeddings": tied}
    tensors = llama_tensors(config, biases=biases)
    ids = IDS % config["vocab_size"]
    model = opened(write(tmp_path / "m", config, tensors, shards=3))
    assert close(model.logits(ids), llama_logits(tensors, config, ids))


def test_bfloat16_and_float16(tmp_path):
    folder = write(tmp_path / "m", GPT2, gpt2_tensors())
    kept = bfloat16_file(folder / "model.safetensors", gpt2_tensors())
    assert close(opened(folder).logits(IDS), gpt2_logits(kept, GPT2, IDS))
    half = {name: values.astype(np.float16) for name, values in gpt2_tensors().items()}
    save_file(half, folder / "model.safetensors")
    assert close(opened(folder).logits(IDS), gpt2_logits({name: v.astype(np.float32) for name, v in half.items()}, GPT2, IDS))


def test_parameters_stand_in_memory_once_and_are_read_when_needed(tmp_path):
    tensors = gpt2_tensors()
    model = opened(write(tmp_path / "m", GPT2, tensors))
    topology = model.topology
    assert topology.n_learned == sum(values.size for values in tensors.values())
    assert dict(topology.output.parameters)["weight"] == dict(topology.by_name["wte"].parameters)["weight"]
    assert not model.tensors("parameter").any()
    model.show()
    p = model.tensors("parameter")
    query = topology.by_name["h.1.attn.query"]
    assert np.array_equal(query.weight.view(p), tensors["h.1.attn.c_attn.weight"][:, :24].T)
    for node in topology.nodes:
        for part, r in node.parameters:
            for at in (r.start, r.stop - 1):
                found, where, _ = topology.part(at)
                shared = node is topology.output and part == "weight"
                assert (found, where) == (node, part) or (shared and found.name == "wte")


def test_containers_and_attention(tmp_path):
    from nnviz3d.app.probes.attention import layers_of
    from nnviz3d.spec.parts import NetworkParts

    model = opened(write(tmp_path / "m", GPT2, gpt2_tensors()))
    assert {"h.0", "h.0.attn", "h.1.mlp"} <= set(NetworkParts(model.topology).by_name)
    assert [(layer.name, layer.heads) for layer in layers_of(model.topology)] == [("h.0.attn", 3), ("h.1.attn", 3)]
    model.show()
    shares = model.topology.by_name["h.0.attn.softmax"]
    rows = shares.neurons.view(model.tensors("activation")).sum(-1)
    assert np.allclose(rows, 1, atol=1e-5)


def test_what_is_asked_next_is_worked_out_in_pieces(tmp_path):
    model = opened(write(tmp_path / "m", GPT2, gpt2_tensors()))
    model.show()
    version, pieces = model.version, 0
    model.show_own(np.arange(32, dtype=np.float32), "")
    while model.version == version:
        model.advance(lambda: False)
        pieces += 1
    assert pieces > 5


def wrong(folder, *told):
    with pytest.raises(InputError) as raised:
        opened(folder)
    for text in told:
        assert text in str(raised.value)


@pytest.mark.parametrize("change, told", [
    ({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}, "T5ForConditionalGeneration is not run"),
    ({"architectures": ["GPT2ForSequenceClassification"]}, "GPT2ForSequenceClassification is not run"),
    ({"n_head": 5}, "5 heads do not divide"),
    ({"n_layer": "two"}, "n_layer"),
    ({"n_layer": 3}, "h.2.attn.c_attn.weight"),
    ({"n_embd": 48}, "wte.weight"),
    ({"activation_function": "os.system"}, "activation_function"),
    ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
])  # fmt: skip
def test_what_is_not_run_is_refused_in_words(tmp_path, change, told):
    wrong(write(tmp_path / "m", GPT2 | change, gpt2_tensors()), told)


def test_tensors_that_are_missing_or_do_not_fit_are_all_told(tmp_path):
    tensors = gpt2_tensors()
    del tensors["h.0.ln_1.bias"]
    tensors["h.1.mlp.c_fc.bias"] = np.zeros(5, np.float32)
    tensors["ln_f.weight"] = np.zeros(24, np.int32)
    wrong(write(tmp_path / "m", GPT2, tensors), "h.0.ln_1.bias: missing", "h.1.mlp.c_fc.bias: shape [5]", "values of type I32")


def test_values_that_are_not_finite_are_told(tmp_path):
    tensors = gpt2_tensors()
    tensors["h.1.mlp.c_proj.weight"][3, 4] = np.nan
    model = opened(write(tmp_path / "m", GPT2, tensors))
    with pytest.raises(InputError, match="1 values are not finite"):
        model.show()


def test_a_model_that_is_too_large_is_refused_before_memory_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "RUN_PARAMETERS", 10_000)
    wrong(write(tmp_path / "m", GPT2, gpt2_tensors()), "are run")


def test_a_prompt_by_the_tokenizer_of_the_folder(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = write(tmp_path / "m", GPT2, gpt2_tensors())
    words = {"The": 0, "capital": 1, "of": 2, "France": 3, "is": 4, "[UNK]": 5, " ": 6}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    model = opened(folder)
    assert model.prompt and model.data.tokenizer.encode(model.prompt) == [0, 1, 2, 3, 4]
    assert model.data.vocabulary[:4] == ("The", "capital", "of", "France") and len(model.data.vocabulary) == GPT2["vocab_size"]
    assert model.data.vocabulary[6] == "·" and model.data.vocabulary[30] == "#30"
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    wrong(folder, "tokenizer.json")
