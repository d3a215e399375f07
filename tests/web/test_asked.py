"""Every route, asked with names that are there and names that are nearly so: whatever is answered, the server did not go wrong."""

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

RUNS = st.sampled_from(
    ["first", "second", "last", "last~1", "last~9999999999", "2026", "FIRST", " first", "f\0", "..", "😀"]
)
NAMES = st.sampled_from(
    [
        "flights",
        "joined",
        "sides",
        "sides.train",
        "train",
        "model",
        "predictions",
        "talk",
        "talk/x",
        "joined[0]",
        "talk.one",
        "a/../b",
        "..%2f",
    ]
)
NUMBERS = st.sampled_from(
    ["0", "-1", "1", "100", "1001", "9007199254740992", "-9007199254740992", "1e3", "nan", "", "٣", "1_0"]
)
KEYS = st.sampled_from(
    [
        "UA/45",
        "AA/4",
        "UA/",
        "/",
        "UA/45/x",
        "ua/45",
        "nan",
        "UA/045",
        "UA/4.5e1",
        "UA/99999999999999999999999",
        "\0",
        "'",
    ]
)
COLUMNS = NAMES | st.sampled_from(["at", "delay", "gate", "carrier", "distance", "*"])
WORDS = st.text(max_size=8)

ROUTES = {
    "/runs": {"limit": NUMBERS, "pipeline": NAMES, "tag": RUNS},
    "/runs/{run}": {"troubled": st.sampled_from(["true", "1", "x"])},
    "/runs/{run}/outline": {},
    "/runs/{run}/graph": {},
    "/runs/{run}/series": {},
    "/runs/{run}/rows": {},
    "/runs/{run}/events": {"after": NUMBERS},
    "/runs/{run}/steps/{name}": {},
    "/runs/{run}/code/{name}": {},
    "/runs/{run}/log/{name}": {"attempt": NUMBERS, "start": NUMBERS},
    "/runs/{run}/table/{name}": {"offset": NUMBERS, "limit": NUMBERS, "column": COLUMNS},
    "/runs/{run}/profile/{name}": {"column": COLUMNS, "against": RUNS},
    "/runs/{run}/trace": {"key": KEYS, "source": NAMES},
    "/runs/{run}/forward": {"key": KEYS, "source": NAMES},
    "/runs/{run}/dropped/{name}": {},
    "/runs/{run}/figure/{name}": {"name": NAMES},
    "/runs/{run}/picture/{name}": {},
    "/metrics/{name}": {"limit": NUMBERS, "pipeline": NAMES},
    "/diff/{run}/{name}": {"data": st.sampled_from(["true", "x"])},
}


def sure(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_question_breaks_the_server(api: TestClient, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(list(ROUTES)))
    path = route.format(run=sure(data.draw(RUNS | WORDS)), name=sure(data.draw(NAMES | WORDS)))
    query = {name: data.draw(values | WORDS) for name, values in ROUTES[route].items() if data.draw(st.booleans())}
    answer = api.get(f"/api/v1{path}?" + "&".join([f"{name}={sure(value)}" for name, value in query.items()]))
    assert answer.status_code in (200, 307, 404, 405, 409, 422), answer.text
