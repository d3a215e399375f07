"""Tools that keep what functions returned: joblib.Memory, Hamilton, doit, redun."""

from projects import ADD, COMPUTE, PID, Contender, Project, frames

__all__ = ["Doit", "Hamilton", "Joblib", "Redun"]


class Joblib(Contender):
    """`Memory` on functions; `Parallel` for processors."""

    name = "joblib.Memory"
    package = "joblib"
    requires = ("joblib", "polars", "numpy")
    version = ["python", "-c", "import joblib"]
    lacks = {"fresh": "workers are reused"}

    def chain(self, count: int) -> Project:
        """Calls of one cached function."""
        return Project(
            {
                "flow.py": f"from joblib import Memory\n{ADD}"
                "\nadd = Memory('cache', verbose=0).cache(add)\nx = -1\nfor i in range({COUNT}):\n    x = add(x)\n"
            },
            [["python", "flow.py"]],
        )

    def table(self, make: str, use: str) -> Project:
        """The second process finds the table in the cache."""
        return Project(
            {
                "flow.py": f"import sys\nfrom joblib import Memory\n{frames(make, use)}"
                "memory = Memory('cache', verbose=0)\nmake, use = memory.cache(make), memory.cache(use)\n"
                "if sys.argv[1] == 'make':\n    make()\nelse:\n    use(make())\n"
            },
            [["python", "flow.py", "make"], ["python", "flow.py", "use"]],
        )

    def processors(self, count: int) -> Project:
        """`Parallel(n_jobs=2)` over a cached function."""
        return Project(
            {
                "flow.py": f"from joblib import Memory, Parallel, delayed\n{COMPUTE}"
                "\ncompute = Memory('cache', verbose=0).cache(compute)\nif __name__ == '__main__':\n"
                "    Parallel(n_jobs=2)(delayed(compute)(i) for i in range({COUNT}))\n"
            },
            [["python", "flow.py"]],
        )


class Hamilton(Contender):
    """A module of functions, and a driver with its cache."""

    name = "Hamilton"
    package = "sf-hamilton"
    requires = ("sf-hamilton", "polars", "numpy", "pyarrow")
    environment = {"HAMILTON_TELEMETRY_ENABLED": "false"}
    version = ["python", "-c", "from hamilton import driver"]
    lacks = {"fresh": "threads or one process"}
    driver = (
        "import sys\nimport flow\nfrom hamilton import driver\n\n"
        "driver.Builder().with_modules(flow).with_cache().build().execute(sys.argv[1:])\n"
    )

    def chain(self, count: int) -> Project:
        """Each step is a function; its argument names the step before it."""
        steps = "".join(f"def s{i}(s{i - 1}: int) -> int:\n    return work.add(s{i - 1})\n\n" for i in range(1, count))
        flow = f"import work\n\ndef s0() -> int:\n    return 0\n\n{steps}"
        return Project(
            {"work.py": ADD, "flow.py": flow, "main.py": self.driver}, [["python", "main.py", f"s{count - 1}"]]
        )

    def table(self, make: str, use: str) -> Project:
        """The second process finds the table in the cache."""
        flow = (
            "import polars as pl\nimport work\n\ndef table() -> pl.DataFrame:\n    return work.make()\n\n"
            "def total(table: pl.DataFrame) -> float:\n    return work.use(table)\n"
        )
        return Project(
            {"work.py": frames(make, use), "flow.py": flow, "main.py": self.driver},
            [["python", "main.py", "table"], ["python", "main.py", "total"]],
        )

    def processors(self, count: int) -> Project:
        """`Parallelizable` and `Collect`, with a pool of two processes."""
        flow = (
            "import work\nfrom hamilton.htypes import Collect, Parallelizable\n\n"
            "def i() -> Parallelizable[int]:\n    yield from range({COUNT})\n\n"
            "def computed(i: int) -> int:\n    return work.compute(i)\n\n"
            "def all_computed(computed: Collect[int]) -> list:\n    return list(computed)\n"
        )
        main = (
            "import flow\nfrom hamilton import driver\nfrom hamilton.execution import executors\n\n"
            "if __name__ == '__main__':\n"
            "    built = (\n        driver.Builder().with_modules(flow).with_cache()\n"
            "        .enable_dynamic_execution(allow_experimental_mode=True)\n"
            "        .with_remote_executor(executors.MultiProcessingExecutor(max_tasks=2)).build()\n    )\n"
            "    built.execute(['all_computed'])\n"
        )
        return Project({"work.py": COMPUTE, "flow.py": flow, "main.py": main}, [["python", "main.py"]])


class Doit(Contender):
    """Tasks with Python actions; values go from task to task by `getargs`, tables as files."""

    name = "doit"
    package = "doit"
    requires = ("doit", "polars", "numpy")
    version = ["doit", "--version"]

    def chain(self, count: int) -> Project:
        """Up to date as long as the result of the task before it is the same."""
        return Project(
            {
                "dodo.py": f"from doit.tools import result_dep, run_once\n{ADD}"
                """
def step(x):
    return {"x": add(x)}

def task_s():
    yield {"name": "0", "actions": [(step, [-1])], "uptodate": [run_once]}
    for i in range(1, {COUNT}):
        before = f"s:{i - 1}"
        yield {"name": str(i), "actions": [step], "getargs": {"x": (before, "x")}, "uptodate": [result_dep(before)]}
"""
            },
            [["doit"]],
        )

    def table(self, make: str, use: str) -> Project:
        """A target of one task, a dependency of the other; two processes."""
        return Project(
            {
                "dodo.py": f"from doit.tools import run_once\n{frames(make, use)}"
                """
def write():
    make().write_ipc("table.arrow", compression="uncompressed")

def task_table():
    return {"actions": [write], "targets": ["table.arrow"], "uptodate": [run_once]}

def read():
    use(pl.scan_ipc("table.arrow").collect())

def task_total():
    return {"actions": [read], "file_dep": ["table.arrow"]}
"""
            },
            [["doit", "run", "table"], ["doit", "run", "total"]],
        )

    def processors(self, count: int) -> Project:
        """Two processes."""
        return Project(
            {
                "dodo.py": f"{COMPUTE}\ndef action(i):\n    return {{'value': compute(i)}}\n\ndef task_s():\n"
                "    for i in range({COUNT}):\n        yield {'name': str(i), 'actions': [(action, [i])]}\n"
            },
            [["doit", "-n", "2"]],
        )

    def fresh(self, count: int) -> Project:
        """Commands instead of functions."""
        return Project(
            {
                "one.py": f"{PID}\ntell(0)\n",
                "dodo.py": "import sys\n\ndef task_s():\n    for i in range({COUNT}):\n"
                "        yield {'name': str(i), 'actions': [[sys.executable, 'one.py']]}\n",
            },
            [["doit"]],
        )


class Redun(Contender):
    """Tasks that call tasks; values in its database, tables as files."""

    name = "redun"
    package = "redun"
    requires = ("redun", "polars", "numpy")
    version = ["redun", "--version"]
    lacks = {"fresh": "processes are reused"}
    command = ("redun", "--log-level", "WARN", "run", "flow.py", "main")
    head = "from redun import File, task\n\nredun_namespace = 'bench'\n"

    def chain(self, count: int) -> Project:
        """Lazy calls, one within the other."""
        return Project(
            {
                "flow.py": f"{self.head}{ADD}"
                "\nadd = task(name='add')(add)\n\n@task()\ndef main():\n    x = -1\n"
                "    for i in range({COUNT}):\n        x = add(x)\n    return x\n"
            },
            [[*self.command]],
            setup=[["redun", "init"]],
        )

    def table(self, make: str, use: str) -> Project:
        """A `File`; the second process knows from its database that it is there."""
        return Project(
            {
                "flow.py": f"{self.head}{frames(make, use)}"
                """
@task()
def table():
    make().write_ipc("table.arrow", compression="uncompressed")
    return File("table.arrow")

@task()
def total(table):
    return float(use(pl.scan_ipc(table.path).collect()))

@task()
def main():
    return total(table())
"""
            },
            [[*self.command[:-1], "table"], [*self.command]],
            setup=[["redun", "init"]],
        )

    def processors(self, count: int) -> Project:
        """Its `process` executor; as many processes as cores."""
        return Project(
            {
                "flow.py": f"{self.head}{COMPUTE}"
                "\ncompute = task(name='compute', executor='process')(compute)\n\n@task()\ndef main():\n"
                "    return [compute(i) for i in range({COUNT})]\n"
            },
            [[*self.command]],
            setup=[["redun", "init"]],
        )
