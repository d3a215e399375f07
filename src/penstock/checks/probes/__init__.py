"""The probes: each alters the world, and says what must hold then. A name, a function, a sentence."""
