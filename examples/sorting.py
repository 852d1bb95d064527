"""A transformer learns to sort letters: its attention as an array, its answers, and its scene as a file."""

from pathlib import Path

import numpy as np

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
source = nv.train("sort-gpt", steps=100, backend="cpu")
loss, accuracy = source.evaluate("test")
source.show()  # the shown sample through the network, as it is now
sample = source.sample
answers = source.topology.output.neurons.view(source.tensors("activation")).argmax(-1)  # at each of 11 tokens the most likely next one
scored = sample.target >= 0  # only what follows the unsorted letters is to be predicted
letters = np.array(list("ABC"))
print(f"test loss {loss:.4f}, {accuracy:.1%} of the tokens right; {sample.label}: it says {' '.join(letters[answers[scored]])}")
attention = source.topology.by_name["blocks.0.softmax"].neurons.view(source.tensors("activation"))  # (3 heads, 11 queries, 11 keys)
assert np.allclose(attention.sum(-1), 1, atol=1e-5)
strongest = attention[:, -1].argmax(-1)
print("the last token of the sequence looks most at token " + ", ".join(str(key + 1) for key in strongest) + " (heads 1 to 3 of block 1)")
nv.Scene.load("sort-gpt").save(out / "sorting.toml")
print("nnviz3d out/sorting.toml opens it")
