"""Collect the raw data: dated notes on software, from the machine itself, become data/entries.parquet (no network needed).

    python prepare.py [--until 2022-12-31] [--made-up]

Every Debian machine carries a changelog for each package that is installed on it: who uploaded which version when, and
what is new in it. `--until` delivers the file as it would have been on that day. Where a machine has no such files
(containers often leave them out, other systems never had them), or with `--made-up`, entries of the same form are made
up from a seed.
"""

import argparse
import datetime as dt
import gzip
import random
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import polars as pl

CHANGELOGS = Path("/usr/share/doc")
FEWEST = 2000  # a machine with fewer real entries than this gets made-up ones
# Debian 12 was frozen then: what was uploaded later is not on machines that run it, but for repairs.
LAST_DAY = dt.date(2022, 12, 31)
HEADING = re.compile(r"^(\S+) \(([^\s()]+)\) [^;]+;")  # bash (5.2.15-2) unstable; urgency=medium
SIGNATURE = re.compile(r"^ -- .*>\s+(.+)$")  #  -- Some One <some@one.example>  Mon, 02 Jan 2023 13:06:21 +0100
LONGEST = 400  # characters of text

Entry = tuple[str, str, dt.datetime, str]  # name, package, time of upload (UTC), text


def entries_of(changelog: str) -> Iterator[Entry]:
    """The entries of one changelog that can be read and dated."""
    package, version, lines = "", "", list[str]()
    for line in changelog.splitlines():
        if heading := HEADING.match(line):
            package, version, lines = heading[1], heading[2], []
        elif (signature := SIGNATURE.match(line)) and package:
            try:
                uploaded = parsedate_to_datetime(signature[1])
            except ValueError:
                continue
            zone = uploaded.tzinfo or dt.UTC
            text = " ".join(lines)[:LONGEST]
            yield f"{package}_{version}", package, uploaded.replace(tzinfo=zone).astimezone(dt.UTC), text
        elif line.strip() and not line.startswith("  ["):  # names of people stand in brackets
            lines.append(line.strip(" *-+"))


def real() -> list[Entry]:
    """What this machine has. Packages that are built together share a changelog: an entry counts once."""
    found: dict[str, Entry] = {}
    for pattern in ("changelog.Debian.gz", "changelog.gz"):  # the latter is Debian's own where Debian is the author
        for path in sorted(CHANGELOGS.glob(f"*/{pattern}")):
            changelog = gzip.decompress(path.read_bytes()).decode("utf-8", errors="replace")
            for entry in entries_of(changelog):
                found.setdefault(entry[0], entry)
    return list(found.values())


# What is said in made-up entries, and how many times sooner than usual the next upload then comes.
PHRASES = {
    "New upstream release.": 1.0,
    "New upstream release candidate, for experimental.": 6.0,
    "Snapshot of the development branch.": 8.0,
    "Fix build failure on big-endian machines.": 4.0,
    "Revert the last change, it broke upgrades.": 5.0,
    "Security update: fix buffer overflow.": 2.0,
    "Rebuild against the new library.": 1.0,
    "Update the German translation.": 0.7,
    "Bump the standards version, no changes needed.": 0.4,
    "Orphan this package.": 0.2,
}


def made_up(seed: int = 2022, packages: int = 120) -> list[Entry]:
    """Uploads of packages with tempers of their own, some lively and some asleep; what is said hastens the next one."""
    draw = random.Random(seed)
    made: list[Entry] = []
    for number in range(packages):
        package = "lib" + "".join(draw.choice(one) for one in ("bdfgkl", "aeiou", "mnprst", "aeiou")) + str(number)
        usual = 86_400 * draw.choice([20, 40, 80, 160])  # seconds between uploads
        time = dt.datetime(2012, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=draw.randrange(2000))
        for version in range(1, 10_000):
            said = draw.sample(list(PHRASES), k=draw.randint(1, 3))
            made.append((f"{package}_1.{version}-1", package, time, " ".join(said)))
            time += dt.timedelta(seconds=int(draw.expovariate(max(PHRASES[one] for one in said) / usual)) + 1)
            if time.year > LAST_DAY.year:
                break
    return made


def delivered(entries: list[Entry], until: dt.date, days: int = 90) -> pl.DataFrame:
    """The entries until that day, oldest first, each with how many uploads of its package followed within `days`.

    That number is known when the days are over; before, it is null.
    """
    names = ["entry", "package", "uploaded", "text"]
    end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), dt.UTC)
    table = pl.DataFrame(entries, names, orient="row").filter(pl.col("uploaded") < end).sort("uploaded", "entry")
    later = table.select("package", at="uploaded")
    window = dt.timedelta(days=days)
    followed = (
        table.join(later, on="package")
        .filter(pl.col("at") > pl.col("uploaded"), pl.col("at") <= pl.col("uploaded") + window)
        .group_by("entry")
        .agg(followed=pl.len().cast(pl.Int32))
    )
    return table.join(followed, on="entry", how="left", maintain_order="left").with_columns(
        followed=pl.when(pl.col("uploaded") + window <= end).then(pl.col("followed").fill_null(0))
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--until", type=dt.date.fromisoformat, default=LAST_DAY, help="the day of the delivery")
    parser.add_argument("--made-up", action="store_true", help="make entries up, also where there are real ones")
    chosen = parser.parse_args()
    found = [] if chosen.made_up else real()
    origin = "from this machine's changelogs" if len(found) >= FEWEST else "made up"
    table = delivered(found if len(found) >= FEWEST else made_up(), chosen.until)
    data = Path(__file__).parent / "data"
    data.mkdir(exist_ok=True)
    table.write_parquet(data / "entries.parquet")
    packages = table["package"].n_unique()
    print(f"data/entries.parquet: {table.height:,} entries of {packages} packages until {chosen.until}, {origin}")
