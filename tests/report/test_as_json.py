import json
import math

from penstock.report.as_json import json_bytes


def test_what_json_has_no_form_for() -> None:
    said = json.loads(json_bytes({"a": math.nan, "b": "\udcff", "c": {"\udcff": ["\udcff", ("x",)]}}))
    assert said == {"a": None, "b": "\\udcff", "c": {"\\udcff": ["\\udcff", ["x"]]}}
