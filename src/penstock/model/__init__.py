"""Frozen values: the words of Penstock as types. They know nothing of each other's use."""

__all__: list[str] = []
