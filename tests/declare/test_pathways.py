"""Paths that code names: which are read, and which only written."""

import json

import pytest

from penstock.declare.reading import read_facts


def named(body: str) -> tuple[list, list]:
    source = "def f(x):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    unit = read_facts(source.encode(), "x.py").units[0]
    return [json.loads(one) for one in unit.files], [json.loads(one) for one in unit.wrote]


TEXT = ["s", "a.csv"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("open('a.csv')", TEXT),
        ("open('a.csv', 'rb')", TEXT),
        ("pl.read_csv('a.csv')", TEXT),
        ("pd.read_csv(filepath_or_buffer='a.csv')", TEXT),
        ("pl.scan_parquet(['a.csv'])", TEXT),
        ("Path('a.csv').read_text()", TEXT),
        ("Path('a.csv').open()", TEXT),
        ("np.load('a.csv')", TEXT),
        ("json.load(open('a.csv'))", TEXT),
        ("p = 'a.csv'\nopen(p)", TEXT),
        ("p = Path('a.csv')\np.read_bytes()", TEXT),
        ("open(DATA)", ["n", "DATA"]),
        ("open(cfg.path)", ["n", "cfg.path"]),
        ("open(PATHS['a'])", ["i", "PATHS", "a"]),
        ("(HERE / 'a.csv').read_text()", ["/", ["n", "HERE"], TEXT]),
        ("open(os.path.join('d', 'a.csv'))", ["/", ["s", "d"], TEXT]),
        ("open(Path(__file__).resolve().parent / 'a.csv')", ["/", ["d", ["F"]], TEXT]),
        ("open(os.path.join(os.path.dirname(__file__), 'a.csv'))", ["/", ["d", ["F"]], TEXT]),
        ("open(Path(__file__).parents[1] / 'a.csv')", ["/", ["d", ["d", ["F"]]], TEXT]),
        ("open(f'{ROOT}/a.csv')", ["j", ["n", "ROOT"], ["s", "/a.csv"]]),
        ("open(ROOT + '/a.csv')", ["j", ["n", "ROOT"], ["s", "/a.csv"]]),
        ("glob.glob('d/*.csv')", ["s", "d/*.csv"]),
        ("Path('d').glob('*.csv')", ["/", ["s", "d"], ["s", "*.csv"]]),
        ("os.listdir('d')", ["/", ["s", "d"], ["s", "*"]]),
        ("runpy.run_path('a.csv')", TEXT),
        ("subprocess.run(['python', 'a.csv'])", TEXT),
    ],
)
def test_what_is_read(body, expected):
    assert expected in named(body)[0]


@pytest.mark.parametrize(
    "body",
    [
        "open('a.csv', 'w')",
        "open('a.csv', mode='a')",
        "Path('a.csv').write_text('x')",
        "Path('a.csv').open('w')",
        "df.to_parquet('a.csv')",
        "df.write_csv('a.csv')",
        "plt.savefig('a.csv')",
        "np.save('a.csv', x)",
        "p = 'a.csv'\ndf.write_csv(p)",
        "joblib.dump(x, 'a.csv')",
    ],
)
def test_what_is_written(body):
    read, wrote = named(body)
    assert TEXT in wrote
    assert TEXT not in read


@pytest.mark.parametrize(
    "body", ["open(x)", "open(x + '.csv')", "for p in x:\n    open(p)", "print('a.csv')", "y = 'a.csv'\ny = x\nopen(y)"]
)
def test_what_cannot_be_told(body):
    assert named(body) == ([], []) or TEXT not in named(body)[0]


def test_a_default_of_a_helper_is_a_path():
    unit = read_facts(b"def f(path='a.csv'):\n    return open(path)\n", "x.py").units[0]
    assert [json.loads(one) for one in unit.files] == [["D", "path", TEXT]]
