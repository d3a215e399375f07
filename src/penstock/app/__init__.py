"""The composition roots: settings, executors by name, the workspace of a run and the worker's process."""
