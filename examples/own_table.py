"""A table of your own: a CSV file is written, a scene beside it names the column to predict, a network learns it."""

import csv
import math
import random
from pathlib import Path

import nnviz3d as nv

out = Path("out")
out.mkdir(exist_ok=True)
random.seed(1)
with (out / "hill.csv").open("w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["east", "north", "height"])
    for _ in range(400):
        east, north = random.uniform(-3, 3), random.uniform(-3, 3)
        table.writerow([round(east, 3), round(north, 3), round(400 * math.exp(-(east**2) - north**2 / 2), 1)])

(out / "hill.toml").write_text(
    """
title = "The height of a hill"
data = { kind = "csv", file = "hill.csv", target = "height", task = "regression", standardize = true }
network = { layers = [{ units = 16, activation = "tanh" }] }
train = { optimizer = "adam", learning_rate = 0.01, batch = 20 }
"""
)
source = nv.train(out / "hill.toml", steps=1500)
loss, _ = source.evaluate("test")
print(f"test loss {loss:.4f} (mean squared error of the standardised height)")
