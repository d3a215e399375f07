"""Contract suites for authors of executors, stores, codecs and ledgers. Needs pytest."""

from penstock.testing.codecs import CodecContract, MemoryReader, MemorySink
from penstock.testing.executors import ExecutorContract
from penstock.testing.ledgers import LedgerContract
from penstock.testing.stores import StoreContract

__all__ = ["CodecContract", "ExecutorContract", "LedgerContract", "MemoryReader", "MemorySink", "StoreContract"]
