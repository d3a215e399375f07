"""The clock of a process, moved: whatever Python code asks for the time is told the later one, and no other clock."""

import json
import subprocess
import sys

PROGRAM = """
import json
from penstock.work.clocks import SHIFT, Clock

clock = Clock()
import datetime as module
import time
from datetime import date, datetime, timezone
from time import localtime, monotonic, time as now, time_ns

import pandas as pd


def asked():
    zone = timezone.utc
    return {
        "now": datetime.now().replace(tzinfo=None),
        "aware": datetime.now(zone).replace(tzinfo=None),
        "named": datetime.now(tz=zone).replace(tzinfo=None),
        "utcnow": datetime.utcnow(),
        "today": datetime.today(),
        "date": datetime.combine(date.today(), module.time()),
        "time": datetime.fromtimestamp(now()),
        "time_ns": datetime.fromtimestamp(time_ns() / 1e9),
        "localtime": datetime(*localtime()[:6]),
        "gmtime": datetime(*time.gmtime()[:6]),
        "ctime": datetime.strptime(time.ctime(), "%a %b %d %H:%M:%S %Y"),
        "strftime": datetime.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S"),
        "stamp": pd.Timestamp.now().to_pydatetime(),
        "stamp_of_a_zone": pd.Timestamp.now("UTC").to_pydatetime().replace(tzinfo=None),
    }


before, tick = asked(), monotonic()
clock.ahead = SHIFT
after = asked()
assert type(datetime.now()) is datetime and isinstance(pd.Timestamp.now(), pd.Timestamp)
assert time.gmtime(0).tm_year == 1970 and time.strftime("%Y", time.gmtime(0)) == "1970"
assert monotonic() - tick < SHIFT.total_seconds() / 2
gaps = {name: (after[name] - before[name] - SHIFT).total_seconds() for name in before}
clock.ahead = SHIFT * 0
gaps["back"] = (datetime.now() - before["now"]).total_seconds()
print(json.dumps(gaps))
"""


def test_all_that_python_asks_is_told_the_later_time() -> None:
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, check=True)
    gaps = json.loads(told.stdout)
    assert len(gaps) == 15
    assert {name: gap for name, gap in gaps.items() if abs(gap) > 86_400} == {}  # a day: that of a date
