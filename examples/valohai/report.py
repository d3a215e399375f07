"""How many boats the model sees at one store."""

import argparse
import csv
import json
import os
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--store", required=True)
asked = parser.parse_args()

model = json.loads(Path(os.environ["VH_INPUTS_DIR"], "model", "model.json").read_text())
folder = Path(os.environ["VH_INPUTS_DIR"], "sightings")
rows = [row for path in folder.glob("*.csv") for row in csv.DictReader(path.open()) if row["store"] == asked.store]
boats = 0
for row in rows:
    size = [float(row["width"]), float(row["height"])]
    boats += sum(w * x for w, x in zip(model["weights"], size, strict=True)) + model["bias"] > 0
Path(os.environ["VH_OUTPUTS_DIR"], f"{asked.store}.txt").write_text(
    f"{asked.store}: {boats} of {len(rows)} are boats\n"
)
print(json.dumps({"boats": boats, "rows": len(rows)}))
