"""Where tasks run: in this process, or in local ones."""

__all__: list[str] = []
