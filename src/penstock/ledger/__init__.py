"""The append-only memory of events, and the tables derived from it."""
