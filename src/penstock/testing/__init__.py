"""Contract suites for authors of executors, stores, codecs and ledgers. Needs pytest."""

from penstock.testing.codecs import CodecContract, MemoryReader, MemorySink

__all__ = ["CodecContract", "MemoryReader", "MemorySink"]
