"""Frameworks with a project or a server of their own: Kedro, Dagster, Prefect, Metaflow, ZenML."""

from projects import ADD, COMPUTE, PID, Contender, Project, frames

__all__ = ["Dagster", "Kedro", "Metaflow", "Prefect", "ZenML"]


class Kedro(Contender):
    """Nodes, and a catalog that stores each value; a rerun by what is missing."""

    name = "Kedro"
    package = "kedro"
    requires = ("kedro", "kedro-datasets", "polars", "numpy", "pyarrow")
    environment = {"KEDRO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": "src"}
    version = ["kedro", "--version"]
    lacks = {"fresh": "processes are reused"}

    def _project(self, nodes: str, catalog: str, *arguments: str) -> Project:
        registry = (
            "from kedro.pipeline import node, pipeline\nfrom flow.work import *\n\n"
            f"def register_pipelines():\n    return {{'__default__': pipeline([{nodes}])}}\n"
        )
        files = {
            "pyproject.toml": '[tool.kedro]\npackage_name = "flow"\nproject_name = "flow"\nkedro_init_version = "VERSION"\n'
            'source_dir = "src"\n',
            "src/flow/__init__.py": "",
            "src/flow/settings.py": "",
            "src/flow/pipeline_registry.py": registry,
            "conf/base/catalog.yml": catalog,
            "conf/base/parameters.yml": "{}\n",
            "conf/local/credentials.yml": "{}\n",
            "conf/logging.yml": "version: 1\ndisable_existing_loggers: true\nroot: {level: ERROR}\n",
        }
        command = ["kedro", "run", *arguments]
        return Project(files, [command], again=[[*command, "--only-missing-outputs"]])

    def chain(self, count: int) -> Project:
        """A pattern in the catalog stores every value."""
        made = self._project(
            "node(zero, None, 's0', name='n0'), "
            "*[node(add, f's{i - 1}', f's{i}', name=f'n{i}') for i in range(1, {COUNT})]",
            '"s{number}":\n  type: pickle.PickleDataset\n  filepath: data/s{number}.pkl\n',
        )
        made.files["src/flow/work.py"] = f"{ADD}\ndef zero():\n    return 0\n"
        return made

    def table(self, make: str, use: str) -> Project:
        """Parquet, between the two processes of its parallel runner."""
        made = self._project(
            "node(make, None, 'table', name='make'), node(use, 'table', 'total', name='use')",
            "table:\n  type: polars.EagerPolarsDataset\n  file_format: parquet\n  filepath: data/table.parquet\n"
            "total:\n  type: pickle.PickleDataset\n  filepath: data/total.pkl\n",
        )
        made.files["src/flow/work.py"] = frames(make, use)
        return made._replace(commands=[["kedro", "run", "--nodes", "make"], ["kedro", "run", "--nodes", "use"]])

    def processors(self, count: int) -> Project:
        """Its parallel runner with two workers."""
        made = self._project(
            "*[node(partial(compute, i), None, f's{i}', name=f'n{i}') for i in range({COUNT})]",
            '"s{number}":\n  type: pickle.PickleDataset\n  filepath: data/s{number}.pkl\n',
            *("--runner", "ParallelRunner", "--runner-params", "max_workers=2"),
        )
        made.files["src/flow/work.py"] = f"from functools import partial\n{COMPUTE}"
        return made


class Dagster(Contender):
    """Assets, stored by its default I/O manager."""

    name = "Dagster"
    package = "dagster"
    requires = ("dagster", "polars", "numpy", "pyarrow")
    environment = {"DAGSTER_HOME": "{FOLDER}/home", "DAGSTER_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    version = ["dagster", "--version"]
    head = "from dagster import AssetIn, Definitions, asset, in_process_executor, multiprocess_executor\n"

    def _project(self, steps: str, executor: str) -> Project:
        flow = f"{self.head}{steps}\ndefs = Definitions(assets=assets, executor={executor})\n"
        return Project(
            {"flow.py": flow, "home/dagster.yaml": "telemetry:\n  enabled: false\n"},
            [["dagster", "asset", "materialize", "--select", "*", "-f", "flow.py"]],
        )

    def chain(self, count: int) -> Project:
        """In one process: a process for each step of this size would be all that is measured."""
        return self._project(
            f"{ADD}"
            """
@asset(name="s0")
def first() -> int:
    return 0

def following(i):
    @asset(name=f"s{i}", ins={"x": AssetIn(f"s{i - 1}")})
    def step(x: int) -> int:
        return add(x)
    return step

assets = [first, *map(following, range(1, {COUNT}))]
""",
            "in_process_executor",
        )

    def table(self, make: str, use: str) -> Project:
        """Each asset in a process of its own, as it does by default."""
        return self._project(
            f"{frames(make, use)}@asset\ndef table():\n    return make()\n\n"
            "@asset\ndef total(table):\n    return use(table)\n\nassets = [table, total]\n",
            "multiprocess_executor",
        )

    def _side_by_side(self, functions: str, function: str, executor: str) -> Project:
        return self._project(
            f"{functions}\ndef step(i):\n    @asset(name=f's{{i}}')\n    def one() -> int:\n"
            f"        return {function}(i)\n    return one\n\nassets = [step(i) for i in range({{COUNT}})]\n",
            executor,
        )

    def processors(self, count: int) -> Project:
        """Two processes at a time."""
        return self._side_by_side(COMPUTE, "compute", "multiprocess_executor.configured({'max_concurrent': 2})")

    def fresh(self, count: int) -> Project:
        """Its default executor."""
        return self._side_by_side(PID, "tell", "multiprocess_executor.configured({'max_concurrent': 2})")


class Prefect(Contender):
    """Tasks in a flow, with persisted results, and its server running."""

    name = "Prefect"
    package = "prefect"
    requires = (
        "prefect",
        "fastapi<0.145",
        "polars",
        "numpy",
        "pyarrow",
    )  # its requirements admit a FastAPI that it fails with
    environment = {
        "PREFECT_HOME": "{FOLDER}/home",
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": "{FOLDER}/storage",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": "http://127.0.0.1:{PORT}/api",
        "DO_NOT_TRACK": "1",
    }
    version = ["prefect", "--version"]
    lacks = {"fresh": "processes are reused"}
    head = (
        "from prefect import flow, task\nfrom prefect.cache_policies import INPUTS, TASK_SOURCE\n"
        "from prefect.task_runners import ProcessPoolTaskRunner\n\n"
        "kept = task(persist_result=True, cache_policy=INPUTS + TASK_SOURCE)\n"
    )
    server = ("prefect", "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", "{PORT}")

    def _project(self, functions: str, body: str, options: str = "") -> Project:
        flow = f"{self.head}{functions}\n@flow{options}\ndef main():\n{body}\nif __name__ == '__main__':\n    main()\n"
        return Project({"flow.py": flow}, [["python", "flow.py"]], server=[*self.server])

    def chain(self, count: int) -> Project:
        """Calls of one task."""
        return self._project(
            f"{ADD}\nadd = kept(add)\n", "    x = -1\n    for i in range({COUNT}):\n        x = add(x)\n    return x\n"
        )

    def table(self, make: str, use: str) -> Project:
        """The first step in a pool of processes, the second where the flow is."""
        return self._project(
            f"{frames(make, use)}make, use = kept(make), kept(use)\n",
            "    return use(make.submit())\n",
            "(task_runner=ProcessPoolTaskRunner(max_workers=2))",
        )

    def processors(self, count: int) -> Project:
        """A pool of two processes."""
        return self._project(
            f"{COMPUTE}\ncompute = kept(compute)\n",
            "    return [one.result() for one in [compute.submit(i) for i in range({COUNT})]]\n",
            "(task_runner=ProcessPoolTaskRunner(max_workers=2))",
        )


class Metaflow(Contender):
    """A flow of steps, each a process; values are attributes."""

    name = "Metaflow"
    package = "metaflow"
    requires = ("metaflow", "polars", "numpy")
    environment = {
        "METAFLOW_HOME": "{FOLDER}/home",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": "{FOLDER}",
        "METAFLOW_USER": "someone",
        "USERNAME": "someone",
    }
    version = ["python", "-c", "import metaflow"]

    def _project(self, functions: str, steps: str, *arguments: str) -> Project:
        flow = (
            f"from metaflow import FlowSpec, step\n{functions}\nclass Flow(FlowSpec):\n{steps}\n"
            "if __name__ == '__main__':\n    Flow()\n"
        )
        return Project({"flow.py": flow}, [["python", "flow.py", "--quiet", "run", *arguments]])

    def chain(self, count: int) -> Project:
        """As many steps as values."""
        steps = "".join(
            f"    @step\n    def s{i}(self):\n        self.x = add(self.x)\n        self.next(self.s{i + 1})\n\n"
            for i in range(1, count - 1)
        )
        return self._project(
            ADD,
            f"    @step\n    def start(self):\n        self.x = 0\n        self.next(self.s1)\n\n{steps}"
            f"    @step\n    def s{count - 1}(self):\n        self.x = add(self.x)\n        self.next(self.end)\n\n"
            "    @step\n    def end(self):\n        pass\n",
        )

    def table(self, make: str, use: str) -> Project:
        """An attribute, pickled."""
        return self._project(
            frames(make, use),
            "    @step\n    def start(self):\n        self.table = make()\n        self.next(self.end)\n\n"
            "    @step\n    def end(self):\n        self.total = use(self.table)\n",
        )

    def _side_by_side(self, functions: str, function: str) -> Project:
        return self._project(
            functions,
            "    @step\n    def start(self):\n        self.items = list(range({COUNT}))\n"
            "        self.next(self.work, foreach='items')\n\n"
            f"    @step\n    def work(self):\n        self.value = {function}(self.input)\n"
            "        self.next(self.join)\n\n"
            "    @step\n    def join(self, inputs):\n        self.next(self.end)\n\n"
            "    @step\n    def end(self):\n        pass\n",
            *("--max-workers", "2", "--max-num-splits", "1000"),
        )

    def processors(self, count: int) -> Project:
        """`foreach`, two processes at a time."""
        return self._side_by_side(COMPUTE, "compute")

    def fresh(self, count: int) -> Project:
        """`foreach`: it always starts a process for each."""
        return self._side_by_side(PID, "tell")


class ZenML(Contender):
    """Steps of a pipeline on the local stack."""

    name = "ZenML"
    package = "zenml"
    requires = ("zenml[local]", "polars", "numpy", "pyarrow")
    environment = {
        "ZENML_CONFIG_PATH": "{FOLDER}/home",
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_LOGGING_VERBOSITY": "ERROR",
        "AUTO_OPEN_DASHBOARD": "false",
    }
    version = ["zenml", "version"]
    lacks = dict.fromkeys(("table", "strings", "processors", "fresh"), "one process")

    def chain(self, count: int) -> Project:
        """Calls of one step within a pipeline; its cache is on by default."""
        flow = (
            f"from zenml import pipeline, step\n{ADD}\n\n@step\ndef follow(x: int) -> int:\n    return add(x)\n\n"
            "@pipeline(enable_cache=True)\ndef main():\n    x = -1\n    for i in range({COUNT}):\n        x = follow(x)\n\n"
            "if __name__ == '__main__':\n    main()\n"
        )
        return Project({"flow.py": flow}, [["python", "flow.py"]], setup=[["zenml", "init"], ["zenml", "status"]])
