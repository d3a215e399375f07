"""Bare Python, which nothing can beat by much, and Penstock."""

from projects import ADD, COMPUTE, PID, Contender, Project, frames

__all__ = ["Bare", "Inline", "Penstock"]


class Bare(Contender):
    """What must be done at least: a loop, a database, a file, a pool."""

    name = "bare Python"
    version = ["python", "-c", "pass"]

    def chain(self, count: int) -> Project:
        """Each value goes into SQLite, all in one transaction."""
        return Project(
            {
                "flow.py": f"import sqlite3\n{ADD}"
                """
db = sqlite3.connect("values.db")
db.execute("CREATE TABLE IF NOT EXISTS made (step INTEGER PRIMARY KEY, value)")
made = dict(db.execute("SELECT step, value FROM made"))
x = -1
for step in range({COUNT}):
    if step in made:
        x = made[step]
        continue
    x = add(x)
    db.execute("INSERT INTO made VALUES (?, ?)", (step, x))
db.commit()
"""
            },
            [["python", "flow.py"]],
        )

    def table(self, make: str, use: str) -> Project:
        """Written without compression, synced, mapped by another process."""
        return Project(
            {
                "flow.py": f"import sys\n{frames(make, use)}"
                """
if sys.argv[1] == "make":
    with open("table.arrow", "wb") as file:
        make().write_ipc(file, compression="uncompressed")
        file.flush()
        os.fsync(file.fileno())
else:
    use(pl.scan_ipc("table.arrow").collect())
"""
            },
            [["python", "flow.py", "make"], ["python", "flow.py", "use"]],
        )

    def processors(self, count: int) -> Project:
        """A pool of two processes."""
        return Project(
            {
                "flow.py": f"import multiprocessing as mp\n{COMPUTE}\nif __name__ == '__main__':\n"
                "    with mp.get_context('forkserver').Pool(2) as pool:\n"
                "        pool.map(compute, range({COUNT}), 1)\n"
            },
            [["python", "flow.py"]],
        )

    def fresh(self, count: int) -> Project:
        """Python started anew each time."""
        return Project(
            {
                "flow.py": "import subprocess, sys\n\nfor i in range({COUNT}):\n"
                "    subprocess.run([sys.executable, 'one.py'], check=True)\n",
                "one.py": f"{PID}\ntell(0)\n",
            },
            [["python", "flow.py"]],
        )


class Penstock(Contender):
    """With its default executor, local processes."""

    name = "Penstock"
    package = "penstock"
    version = ["penstock", "--version"]
    command = ("penstock", "run", "-f", "flow.py")

    def chain(self, count: int) -> Project:
        """One function for all steps."""
        return Project(
            {
                "flow.py": f"import penstock as ps\n{ADD}"
                """
@ps.step
def s0():
    return 0

for i in range(1, {COUNT}):
    ps.step(name=f"s{i}", inputs={"x": f"s{i - 1}"})(add)
"""
            },
            [[*self.command]],
        )

    def table(self, make: str, use: str) -> Project | None:
        """The second step in a fresh process, so that it can't be the first one's."""
        return Project(
            {
                "flow.py": f"import penstock as ps\n{frames(make, use)}"
                "ps.step(name='table')(make)\nps.step(name='total', isolation='fresh')(use)\n"
            },
            [[*self.command]],
        )

    def processors(self, count: int) -> Project | None:
        """As many steps, two workers."""
        return Project({"flow.py": _steps(COMPUTE, "compute", "")}, [[*self.command, "--workers", "2"]])

    def fresh(self, count: int) -> Project | None:
        """Each step says `isolation="fresh"`."""
        return Project({"flow.py": _steps(PID, "tell", ", isolation='fresh'")}, [[*self.command, "--workers", "1"]])


class Inline(Penstock):
    """In the process of the command itself, as most of the others do it."""

    name = "Penstock inline"
    package = ""
    command = ("penstock", "run", "-f", "flow.py", "--executor", "inline")
    lacks = {"start": "the same"} | dict.fromkeys(("table", "strings", "processors", "fresh"), "one process")


def _steps(functions: str, function: str, options: str) -> str:
    return (
        f"import penstock as ps\n{functions}\ndef declare(i):\n"
        f"    @ps.step(name=f's{{i}}'{options})\n    def step(i: int = i):\n        return {function}(i)\n\n"
        "for i in range({COUNT}):\n    declare(i)\n"
    )
