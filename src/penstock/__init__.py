"""Penstock runs machine-learning training pipelines as graphs, and proves that they do not leak."""

__version__ = "0.1.0"
