"""Equal seeds draw equal numbers, whatever is imported and when."""

import random
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.work.seeds import seed_generators


@given(st.integers(0, 2**64))
def test_the_generators_of_python_and_numpy(seed: int) -> None:
    def draw() -> tuple[float, float]:
        seed_generators(seed)
        return random.random(), float(np.random.rand())

    assert draw() == draw()


def test_different_seeds_differ() -> None:
    seed_generators(1)
    first = random.random(), np.random.rand()
    seed_generators(2)
    assert first != (random.random(), np.random.rand())


def test_a_library_imported_later_is_seeded_then() -> None:
    code = """
import sys
from penstock.work.seeds import seed_generators
seed_generators(1)
assert "numpy" not in sys.modules
seed_generators(7)
import numpy
print(numpy.random.rand())
seed_generators(7)
print(numpy.random.rand())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first == second


def test_a_fake_torch_is_seeded_too(monkeypatch) -> None:
    class Torch:
        seed = -1

        def manual_seed(self, seed: int) -> None:
            self.seed = seed

    torch = Torch()
    monkeypatch.setitem(sys.modules, "torch", torch)
    seed_generators(2**64 + 5)
    assert torch.seed == 5
