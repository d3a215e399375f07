"""Split the sightings into rows to train on and rows to test on."""

import argparse
import csv
import json
import os
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--test_share", type=float, default=0.25)
asked = parser.parse_args()

folder = Path(os.environ["VH_INPUTS_DIR"], "sightings")
rows = [row for path in sorted(folder.glob("*.csv")) for row in csv.DictReader(path.open())]
cut = round(len(rows) * (1 - asked.test_share))
for side, part in (("train", rows[:cut]), ("test", rows[cut:])):
    images = [[float(row["width"]), float(row["height"])] for row in part]
    labels = [int(row["kind"] == "boat") for row in part]
    Path(os.environ["VH_OUTPUTS_DIR"], f"{side}-images.json").write_text(json.dumps(images))
    Path(os.environ["VH_OUTPUTS_DIR"], f"{side}-labels.json").write_text(json.dumps(labels))

# A line of JSON is metadata: the next steps and conditions can use it.
print(json.dumps({"rows": len(rows), "stores": sorted({row["store"] for row in rows})}))
