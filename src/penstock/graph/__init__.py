"""Steps bound to one immutable graph."""
