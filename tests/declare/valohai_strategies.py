"""Files that the `valohai-yaml` package mostly accepts, drawn at random: few names, so that parts fit together."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

__all__ = ["files"]

Draw = Callable[[st.SearchStrategy[Any]], Any]

step_names = st.sampled_from(["a", "b b", "c/d", "é.1", "(x)"])
node_names = st.sampled_from(["n", "a", "b b", "n.m", "ö-1"])
parameter_names = st.sampled_from(["p", "q", "r-s", "t"])
input_names = st.sampled_from(["i", "j", "k"])
texts = st.sampled_from(["", "x", "a b", "it's", "1", "true", "é", "{p}", "$HOME", "2024-01-31", "-v", "*"])
values = {
    "string": st.one_of(texts, texts, st.integers(-3, 3), st.booleans()),
    "integer": st.one_of(st.integers(-9, 9), st.sampled_from(["3", "x", 2.0])),
    "float": st.one_of(st.floats(-1, 1), st.integers(-2, 2), st.sampled_from(["1e-4", "y"])),
    "flag": st.one_of(st.booleans(), st.sampled_from(["yes", 1])),
}
addresses = st.sampled_from(["data/a.csv", "data/*.csv", "data/**/*.csv", "{parameter:p}/a.csv", "data/{p}"])
conditions = st.sampled_from(["metadata.m > 1", "m < 0", "parameter.p == 1", "nothing > 2", "m >"])


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key.replace("_", "-"): value for key, value in fields.items()})


@st.composite
def _parameter(draw: Draw, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["string", "integer", "float", "flag"]))
    made = {"name": name, "type": kind}
    made |= draw(_some(optional=st.booleans(), pass_as=st.sampled_from(["--{name}={value}", "-x {v}", "{v}"])))
    if kind != "flag":
        made |= draw(_some(multiple=st.sampled_from(["none", "repeat", "separate"])))
    else:
        made |= draw(_some(pass_true_as=st.just("--yes"), pass_false_as=st.just("--no")))
    several = made.get("multiple", "none") != "none"
    made |= draw(_some(default=st.lists(values[kind], max_size=3) if several else values[kind]))
    if kind in {"integer", "float"}:
        made |= draw(_some(min=st.integers(-9, 0), max=st.integers(0, 9)))
    return made


@st.composite
def _step(draw: Draw, name: str) -> dict[str, Any]:
    command = st.sampled_from(["true", "echo {parameters}", "echo {parameter:p} {p}", "false"])
    lines = draw(st.one_of(command, st.lists(command, min_size=1, max_size=3)))
    metadata = 'echo \'{"m": 2, "many": [1, 2], "text": "x"}\''
    output = "mkdir -p $VH_OUTPUTS_DIR/d && echo x | tee $VH_OUTPUTS_DIR/o.txt > $VH_OUTPUTS_DIR/d/e"
    made: dict[str, Any] = {"name": name, "image": "x"}
    made["command"] = [metadata, output, *([lines] if isinstance(lines, str) else lines)]
    parameters = draw(st.lists(parameter_names, max_size=3, unique=True))
    made["parameters"] = [draw(_parameter(one)) for one in parameters]
    inputs = draw(st.lists(input_names, max_size=2, unique=True))
    made["inputs"] = [
        {"name": one}
        | draw(
            _some(
                default=st.one_of(addresses, st.lists(addresses, min_size=1, max_size=2)),
                keep_directories=st.sampled_from([True, False, "none", "full", "suffix"]),
                optional=st.booleans(),
                filename=st.sampled_from(["f.csv", "g/h"]),
            )
        )
        for one in inputs
    ]
    made |= draw(
        _some(
            environment_variables=st.just([{"name": "V", "default": "v w"}, {"name": "W"}]),
            time_limit=st.sampled_from([60, "1h", "1d 2h"]),
            no_output_timeout=st.sampled_from([60, "30m"]),
            stop_condition=conditions,
            description=texts,
        )
    )
    return made


@st.composite
def _task(draw: Draw, name: str, steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    step = draw(st.sampled_from(sorted(steps)))
    known = [one["name"] for one in steps[step]["parameters"]] or ["p"]
    made: dict[str, Any] = {"name": name, "step": step}
    kind = draw(st.sampled_from(["grid-search", "grid_search", "random-search", "manual-search"]))
    made["type"] = kind
    rules = st.sampled_from(
        [
            {"style": "single", "rules": {"value": 1}},
            {"style": "multiple", "rules": {"items": [1, 2]}},
            {"style": "linear", "rules": {"start": 0, "end": 2, "step": 1}},
            {"style": "logspace", "rules": {"start": 0, "end": 1, "base": 10, "step": 1}},
            {"style": "random", "rules": {"min": 0, "max": 1}},
        ]
    )
    if kind == "manual-search":
        made["parameter-sets"] = draw(st.lists(st.fixed_dictionaries({known[0]: st.integers(0, 3)}), max_size=2))
    else:
        made["parameters"] = [{"name": known[0], **draw(rules)}]
    made |= draw(
        _some(
            execution_count=st.integers(1, 3),
            maximum_queued_executions=st.integers(1, 3),
            on_child_error=st.sampled_from(["stop-all-and-error", "continue-and-complete", "continue_and_error"]),
            stop_condition=conditions,
        )
    )
    return made


@st.composite
def files(draw: Draw) -> list[dict[str, Any]]:
    """A file with steps, perhaps a task, and a pipeline, as plain data."""
    steps: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(step_names, min_size=1, max_size=3, unique=True)):
        steps[name] = draw(_step(name))
    items: list[dict[str, Any]] = [{"step": one} for one in steps.values()]
    tasks = {}
    if draw(st.booleans()):
        tasks["sweep"] = draw(_task("sweep", steps))
        items.append({"task": tasks["sweep"]})
    nodes: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(node_names, min_size=1, max_size=4, unique=True)):
        task = bool(tasks) and draw(st.booleans())
        nodes[name] = {
            "name": name,
            "type": "task" if task else draw(st.sampled_from(["execution", "execution", "task"])),
        }
        nodes[name] |= {"task": "sweep"} if task else {"step": draw(st.sampled_from(sorted(steps)))}
        nodes[name] |= draw(
            _some(
                on_error=st.sampled_from(["stop-all", "stop-next", "continue"]),
                edge_merge_mode=st.sampled_from(["replace", "append"]),
                actions=st.fixed_dictionaries(
                    {
                        "when": st.sampled_from(["node-complete", "node-starting", "node-error"]),
                        "then": st.sampled_from(["stop-pipeline", "error-pipeline", "noop"]),
                    },
                    optional={"if": conditions},
                ).map(lambda one: [one]),
            )
        )
        if not task:
            nodes[name] |= draw(
                _some(
                    override=_some(
                        image=texts,
                        inputs=st.just([{"name": "i", "default": "data/b.csv"}]),
                        parameters=st.just([{"name": "p", "default": 2}]),
                    )
                )
            )

    def step_under(node: str) -> dict[str, Any]:
        one = nodes[node]
        return steps[tasks["sweep"]["step"] if "task" in one else one["step"]]

    edges: list[Any] = []
    order = list(nodes)
    for _ in range(draw(st.integers(0, 4)) if len(order) > 1 else 0):
        first, second = sorted(draw(st.lists(st.sampled_from(range(len(order))), min_size=2, max_size=2, unique=True)))
        source, target = order[first], order[second]
        given, wanted = step_under(source), step_under(target)
        ins = [one["name"] for one in wanted["inputs"]] or ["i"]
        takes = [one["name"] for one in wanted["parameters"]] or ["p"]
        outs = [
            *[(f"output.{one}", "input") for one in ("*", "o.txt", "d/*", "none*")],
            *[(f"metadata.{one}", "parameter") for one in ("m", "many", "text", "none")],
            *[(f"parameter.{one['name']}", "parameter") for one in given["parameters"]],
            *[(f"input.{one['name']}", "input") for one in given["inputs"]],
            ("environment-variable.V", "environment-variable"),
        ]
        begin, kind = draw(st.sampled_from(outs))
        name = {"input": draw(st.sampled_from(ins)), "parameter": draw(st.sampled_from(takes))}.get(kind, "V")
        ends = (f"{source}.{begin}", f"{target}.{kind}.{name}")
        edges.append(draw(st.sampled_from([list(ends), {"source": ends[0], "target": ends[1]}])))
    pipeline: dict[str, Any] = {"name": draw(texts.filter(bool)), "nodes": list(nodes.values()), "edges": edges}
    if draw(st.booleans()):
        node = draw(st.sampled_from(order))
        known = [one["name"] for one in step_under(node)["parameters"]]
        if known:
            pipeline["parameters"] = [{"name": "all", "targets": [f"{node}.parameter.{known[0]}"], "default": 1}]
    return [*items, {"pipeline": pipeline}]
