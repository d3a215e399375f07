"""With another schema, or another contract file, a step is another work."""

import subprocess
import sys
from pathlib import Path

import pytest

from penstock.declare.load import load
from penstock.errors import ContractError, DeclarationError

TEXT = """
import pandera.polars as pp
import penstock as ps

ROWS = pp.DataFrameSchema({{"a": pp.Column(int, pp.Check.ge({least}))}})

@ps.source(contract="rows.yaml", fail_on=[{fail}])
def rows(): ...

@ps.step(schema={schema})
def made(rows): ...
"""


def digests(folder: Path, *, least: int = 0, fail: str = "'schema'", schema: str = "ROWS") -> dict[str, str]:
    (folder / "p.py").write_text(TEXT.format(least=least, fail=fail, schema=schema))
    return {step.name: step.code.digest for step in load(folder / "p.py", folder).steps}


def test_a_schema_is_part_of_the_work(tmp_path: Path) -> None:
    first = digests(tmp_path)
    assert digests(tmp_path) == first
    other = digests(tmp_path, least=1)
    assert other["made"] != first["made"]
    assert other["rows"] == first["rows"]
    assert digests(tmp_path, schema="None")["made"] != first["made"]
    pieces = [one for one in load(tmp_path / "p.py", tmp_path).steps[1].code.pieces if one.name == "schema"]
    assert pieces == []


def test_a_check_of_ones_own_is_part_of_the_work(tmp_path: Path) -> None:
    own = "pp.DataFrameSchema({'a': pp.Column(int, pp.Check(lambda data: data.lazyframe.select(pp.pl.col('a') > %s)))})"
    assert digests(tmp_path, schema=own % 1)["made"] == digests(tmp_path, schema=own % 1)["made"]
    assert digests(tmp_path, schema=own % 1)["made"] != digests(tmp_path, schema=own % 2)["made"]


def test_the_digest_of_a_schema_is_that_of_every_process(tmp_path: Path) -> None:
    mine = digests(tmp_path)["made"]
    code = f"from penstock.declare.load import load; print(load({str(tmp_path / 'p.py')!r}, {str(tmp_path)!r}).steps[1].code.digest)"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == mine


def test_a_contract_that_fails_runs_is_part_of_the_work(tmp_path: Path) -> None:
    absent = digests(tmp_path)
    (tmp_path / "rows.yaml").write_text("source: rows\n")
    first = digests(tmp_path)
    assert first["rows"] != absent["rows"]
    (tmp_path / "rows.yaml").write_text("source: rows\ncolumns: {}\n")
    assert digests(tmp_path)["rows"] != first["rows"]
    loose = digests(tmp_path, fail="")
    (tmp_path / "rows.yaml").write_text("source: rows\n")
    assert digests(tmp_path, fail="") == loose


def test_what_is_declared_wrongly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="is no schema of pandera"):
        digests(tmp_path, schema="3")
    with pytest.raises(DeclarationError, match="names an output `other`"):
        digests(tmp_path, schema="{'other': ROWS}")
    (tmp_path / "p.py").write_text("import penstock as ps\n@ps.source(fail_on='schema')\ndef rows(): ...\n")
    with pytest.raises(ContractError, match="without a `contract=`"):
        load(tmp_path / "p.py", tmp_path)
