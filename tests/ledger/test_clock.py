import subprocess
import sys
import time

from penstock.ledger.clock import SystemClock, boot_identity


def test_all_processes_have_one_clock_of_leases() -> None:
    code = "from penstock.ledger.clock import SystemClock, boot_identity; print(SystemClock().monotonic(), boot_identity())"
    before = SystemClock().monotonic()
    steady, *boot = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    after = SystemClock().monotonic()
    assert before <= float(steady) <= after
    assert "".join(boot) == boot_identity()


def test_records_have_the_time_of_day() -> None:
    assert abs(SystemClock().now() - time.time()) < 5
