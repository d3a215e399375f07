"""Answers for the endpoint: is it a boat?"""

import json
from pathlib import Path
from urllib.parse import parse_qs

model = json.loads(Path("model.json").read_text())


def app(environment, start_response):
    """A WSGI application: `/?width=5&height=2`."""
    asked = parse_qs(environment.get("QUERY_STRING", ""))
    size = [float(asked.get(name, ["0"])[0]) for name in ("width", "height")]
    boat = sum(w * x for w, x in zip(model["weights"], size, strict=True)) + model["bias"] > 0
    body = json.dumps({"kind": "boat" if boat else "seal"}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
