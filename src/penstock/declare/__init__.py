"""From Python functions, files, notebooks and dictionaries to Steps, with the identity of their code."""
