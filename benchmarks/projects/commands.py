"""Tools whose steps are commands and whose values are files: DVC, Luigi (tasks in Python), Snakemake."""

from projects import ADD, COMPUTE, PID, Contender, Project, frames

__all__ = ["DVC", "Luigi", "Snakemake"]

ADD_FILES = (
    f"import sys\n{ADD}\nbefore, after = sys.argv[1:]\nx = add(int(open(before).read()) if before != '-' else -1)\n"
)
ADD_FILES += "open(after, 'w').write(str(x))\n"


def table_files(make: str, use: str) -> dict[str, str]:
    """Scripts that write a table to a file, and read it."""
    return {
        "work.py": frames(make, use),
        "make.py": "from work import make\n\nmake().write_ipc('table.arrow', compression='uncompressed')\n",
        "use.py": "from work import pl, use\n\nvalue = use(pl.scan_ipc('table.arrow').collect())\n"
        "open('total.txt', 'w').write(str(value))\n",
    }


class DVC(Contender):
    """Stages of a `dvc.yaml`, each a command."""

    name = "DVC"
    package = "dvc"
    requires = ("dvc", "polars", "numpy")
    environment = {
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": "{FOLDER}/home",
        "DVC_SITE_CACHE_DIR": "{FOLDER}/site",
    }
    version = ["dvc", "--version"]
    lacks = {"processors": "one stage at a time"}
    setup = [["dvc", "init", "--no-scm", "--quiet"]]

    def _project(self, files: dict[str, str], stages: str) -> Project:
        return Project({**files, "dvc.yaml": f"stages:\n{stages}"}, [["dvc", "repro", "--quiet"]], setup=self.setup)

    def chain(self, count: int) -> Project:
        """A stage for each value."""
        stages = "".join(
            f"  s{i}:\n    cmd: python add.py {f'x{i - 1}' if i else '-'} x{i}\n    deps: [add.py{f', x{i - 1}' if i else ''}]\n"
            f"    outs: [x{i}]\n"
            for i in range(count)
        )
        return self._project({"add.py": ADD_FILES}, stages)

    def table(self, make: str, use: str) -> Project:
        """An output of one stage, a dependency of the other."""
        return self._project(
            table_files(make, use),
            "  table:\n    cmd: python make.py\n    deps: [make.py, work.py]\n    outs: [table.arrow]\n"
            "  total:\n    cmd: python use.py\n    deps: [use.py, work.py, table.arrow]\n    outs: [total.txt]\n",
        )

    def processors(self, count: int) -> None:
        """One stage at a time."""

    def fresh(self, count: int) -> Project:
        """Stages are always processes."""
        script = f"import sys\n{PID}\nopen(sys.argv[1], 'w').write(str(tell(0)))\n"
        stages = "".join(
            f"  s{i}:\n    cmd: python one.py x{i}\n    deps: [one.py]\n    outs: [x{i}]\n" for i in range(count)
        )
        return self._project({"one.py": script}, stages)


class Luigi(Contender):
    """Tasks with targets on disk."""

    name = "Luigi"
    package = "luigi"
    requires = ("luigi", "polars", "numpy")
    environment = {"PYTHONPATH": "."}
    version = ["python", "-c", "import luigi"]
    command = ("luigi", "--module", "flow", "All", "--local-scheduler", "--log-level", "ERROR")

    def chain(self, count: int) -> Project:
        """A task for each value, written to a file in one move."""
        return Project(
            {
                "flow.py": f"import luigi\n{ADD}"
                """
class All(luigi.Task):
    n = luigi.IntParameter({COUNT} - 1)

    def requires(self):
        return [All(self.n - 1)] if self.n else []

    def output(self):
        return luigi.LocalTarget(f"made/{self.n}.txt")

    def run(self):
        x = add(int(self.input()[0].open().read())) if self.n else 0
        with self.output().open("w") as file:
            file.write(str(x))
"""
            },
            [[*self.command]],
        )

    def table(self, make: str, use: str) -> Project:
        """A file between two workers."""
        return Project(
            {
                "flow.py": f"import luigi\n{frames(make, use)}"
                """
class Table(luigi.Task):
    def output(self):
        return luigi.LocalTarget("table.arrow")

    def run(self):
        with self.output().temporary_path() as path:
            make().write_ipc(path, compression="uncompressed")

class All(luigi.Task):
    def requires(self):
        return Table()

    def output(self):
        return luigi.LocalTarget("total.txt")

    def run(self):
        value = use(pl.scan_ipc(self.input().path).collect())
        with self.output().open("w") as file:
            file.write(str(value))
"""
            },
            [[*self.command, "--workers", "2"]],
        )

    def _side_by_side(self, functions: str, function: str) -> Project:
        return Project(
            {
                "flow.py": f"import luigi\n{functions}"
                f"""
class One(luigi.Task):
    n = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget(f"made/{{self.n}}.txt")

    def run(self):
        value = {function}(self.n)
        with self.output().open("w") as file:
            file.write(str(value))

class All(luigi.WrapperTask):
    def requires(self):
        return [One(i) for i in range({{COUNT}})]
"""
            },
            [[*self.command, "--workers", "2"]],
        )

    def processors(self, count: int) -> Project:
        """Two workers."""
        return self._side_by_side(COMPUTE, "compute")

    def fresh(self, count: int) -> Project:
        """With several workers, each task is forked."""
        return self._side_by_side(PID, "tell")


class Snakemake(Contender):
    """Rules, each a command."""

    name = "Snakemake"
    package = "snakemake"
    requires = ("snakemake", "polars", "numpy")
    environment = {"XDG_CACHE_HOME": "{FOLDER}/home"}
    version = ["snakemake", "--version"]
    command = ("snakemake", "all", "--cores", "2", "--quiet", "progress", "rules", "host")

    def _project(self, files: dict[str, str], rules: str) -> Project:
        return Project({**files, "Snakefile": rules}, [[*self.command]])

    def chain(self, count: int) -> Project:
        """One rule with a wildcard."""
        return self._project(
            {"add.py": ADD_FILES},
            f"rule all:\n    input: 'x/{count - 1}'\n\nrule zero:\n    output: 'x/0'\n"
            "    shell: 'python add.py - {output}'\n\nrule add:\n    input: lambda wildcards: f'x/{int(wildcards.n) - 1}'\n"
            "    output: 'x/{n,[1-9][0-9]*}'\n    shell: 'python add.py {input} {output}'\n",
        )

    def table(self, make: str, use: str) -> Project:
        """A file from one rule to the other."""
        return self._project(
            table_files(make, use),
            "rule all:\n    input: 'total.txt'\n\nrule table:\n    output: 'table.arrow'\n    shell: 'python make.py'\n\n"
            "rule total:\n    input: 'table.arrow'\n    output: 'total.txt'\n    shell: 'python use.py'\n",
        )

    def _side_by_side(self, functions: str, function: str) -> Project:
        script = f"import sys\n{functions}\ni = int(sys.argv[1])\nopen(f'x/{{i}}', 'w').write(str({function}(i)))\n"
        return self._project(
            {"one.py": script},
            "rule all:\n    input: expand('x/{n}', n=range({COUNT}))\n\nrule one:\n    output: 'x/{n}'\n"
            "    shell: 'python one.py {wildcards.n}'\n",
        )

    def processors(self, count: int) -> Project:
        """Two cores."""
        return self._side_by_side(COMPUTE, "compute")

    def fresh(self, count: int) -> Project:
        """Rules are always processes."""
        return self._side_by_side(PID, "tell")
