"""An autoencoder's answer is one number, how far off it is, however many outputs it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnviz3d.engine.data import load
from nnviz3d.sources.answer_text import verdict, words
from nnviz3d.spec.scene import Data


def test_inputs_as_targets_in_words():
    data = load(Data(kind="digits", targets="inputs"), Path())
    assert data.task == "regression" and data.n_outputs == 64 and np.array_equal(data.t_test, data.x_test)
    off = data.x_test[3] + np.where(np.arange(64) % 2, 0.25, -0.25)
    assert verdict(data, "sigmoid", off, data.t_test[3]) == ("its inputs, off by 0.25 (root mean square)", None)
    assert words(data, data.t_test[3]) == "its inputs"


def test_standardised_inputs_are_given_back_standardised():
    data = load(Data(kind="iris", targets="inputs", standardize=True), Path())
    assert data.class_names == data.feature_names and np.array_equal(data.t_train, data.x_train) and not data.units
    assert abs(data.t_train.mean()) < 1e-5
