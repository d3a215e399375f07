"""Whatever judges a pipeline: worlds, relations, probes and scans."""
