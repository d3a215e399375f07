"""Keep the best of several models."""

import json
import os
from pathlib import Path

models = [json.loads(path.read_text()) for path in sorted(Path(os.environ["VH_INPUTS_DIR"], "models").rglob("*.json"))]
best = max(models, key=lambda model: model["accuracy"])
Path(os.environ["VH_OUTPUTS_DIR"], "model.json").write_text(json.dumps(best))
print(json.dumps({"models": len(models), "accuracy": best["accuracy"]}))
