"""Fit a line between the two kinds, by gradient descent."""

import argparse
import json
import math
import os
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=20)
asked = parser.parse_args()


def read(name: str) -> list:
    """The one file of an input."""
    return json.loads(next(Path(os.environ["VH_INPUTS_DIR"], name).iterdir()).read_text())


images, labels = read("train-images"), read("train-labels")
weights, bias = [0.0, 0.0], 0.0


def score(image: list[float]) -> float:
    """How likely it is a boat."""
    return 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights, image, strict=True)) - bias))


for epoch in range(asked.epochs):
    for image, label in zip(images, labels, strict=True):
        off = score(image) - label
        weights = [w - asked.learning_rate * off * x for w, x in zip(weights, image, strict=True)]
        bias -= asked.learning_rate * off
    right = [(score(i) > 0.5) == bool(y) for i, y in zip(read("test-images"), read("test-labels"), strict=True)]
    accuracy = round(sum(right) / len(right), 4)
    print(json.dumps({"epoch": epoch, "accuracy": accuracy}), flush=True)

model = {"weights": weights, "bias": bias, "accuracy": accuracy}
Path(os.environ["VH_OUTPUTS_DIR"], "model.json").write_text(json.dumps(model))
