"""One view of tables, arrays and fitted models: read, compare with tolerance, digest of state. Pure; no store."""

__all__: list[str] = []
