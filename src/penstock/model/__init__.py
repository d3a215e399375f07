"""Frozen values: the words of Penstock as types. They know nothing of each other's use.

Those that come by the ten thousand are `gc=False`: frozen trees can't hold circles, and the collector need not look.
"""

__all__: list[str] = []
