import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from starlette.testclient import TestClient

from penstock.app.settings import Settings
from penstock.web.schema import describe
from penstock.web.server import make_api, make_server

TOKEN = "t0ken"
ANSWERS = {
    "/runs": "RunsDocument",
    "/runs/first": "RunDocument",
    "/runs/first?troubled=true": "RunDocument",
    "/runs/first/outline": "OutlineDocument",
    "/runs/first/series": "SeriesDocument",
    "/runs/first/graph": "GraphDocument",
    "/runs/first/events": "EventsDocument",
    "/runs/first/steps/talk": "StepDetails",
    "/metrics/talk.one": "MetricHistoryDocument",
    "/diff/first/second": "DiffDocument",
    "/runs/first/table/flights": "TablePageDocument",
    "/runs/first/profile/flights": "ProfileDocument",
    "/runs/first/trace?key=UA/45": "TraceDocument",
    "/runs/first/forward?key=UA/45": "ForwardDocument",
    "/runs/first/dropped/flights": "DroppedDocument",
    "/runs/first/rows": "RowsDocument",
    "/where": "WhereDocument",
    "/runs/nothing": "ErrorDocument",
}


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_are_as_described(api: TestClient, path: str) -> None:
    described = describe(api.app)  # type: ignore[arg-type]
    schema = {"$ref": f"#/components/schemas/{ANSWERS[path]}", "components": described["components"]}
    jsonschema.validate(api.get(f"/api/v1{path}").json(), schema)


def test_every_route_is_described(api: TestClient) -> None:
    described = api.get("/api/v1/openapi.json").json()
    for path, methods in described["paths"].items():
        assert path.startswith("/api/v1/")
        for one in methods.values():
            assert one["summary"] and one["description"] and "200" in one["responses"], path


def test_nothing_that_is_asked_at_random_breaks_it(settings: Settings) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    server = make_server(settings, token=TOKEN, hosts=frozenset({"testserver"}))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", server, headers=known).exclude(path_regex="/live$")
    tried = []
    for one in schema.get_all_operations():
        operation = one.ok()

        @hypothesis_settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case) -> None:  # type: ignore[no-untyped-def]
            case.call_and_validate(headers=known)

        ask()
        tried.append(operation.path)
    assert len(tried) == len(describe(make_api(settings))["paths"]) - 1
