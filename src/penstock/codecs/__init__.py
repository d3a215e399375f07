"""Value ↔ bytes: plain values, trees of them, frames, arrays, models, figures, paths, and pickle (marked) last."""

__all__: list[str] = []
