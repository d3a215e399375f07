"""Checks that only look at what a run recorded: no step is done again."""
