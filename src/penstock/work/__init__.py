"""Doing one task where the data is: load, call, store, and say how it went."""

__all__: list[str] = []
