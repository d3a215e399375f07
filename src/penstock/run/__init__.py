"""One execution of a plan: the engine decides what is next, `drive` does it."""
