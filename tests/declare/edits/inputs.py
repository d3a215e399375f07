"""Files: constant paths in code, files read at import, what is only written."""

from . import Edit, project

__all__ = ["CASES"]

CASES = [
    *project(
        "open in a step",
        {
            "data.csv": "a,b\n1,2\n",
            "other.csv": "a,b\n3,4\n",
            "pipeline.py": """
            from pathlib import Path

            HERE = Path(__file__).parent

            @ps.step
            def target():
                with open(HERE / "data.csv") as file:
                    return file.read()
            """,
        },
        rerun=[("data.csv", "1,2", "1,3"), {"data.csv": "a\n"}],
        reuse=[("other.csv", "3,4", "3,5"), Edit(touch=("data.csv",))],
    ),
    *project(
        "paths relative to the project",
        {
            "data/rows.txt": "one",
            "data/more.txt": "two",
            "data/third.txt": "three",
            "data/fourth.txt": "four",
            "pipeline.py": """
            import os
            from pathlib import Path

            MORE = Path("data") / "more.txt"

            def read(path="data/third.txt"):
                with open(path) as file:
                    return file.read()

            @ps.step
            def target():
                folder = "data"
                fourth = os.path.join(folder, "fourth.txt")
                return Path("data/rows.txt").read_text() + MORE.read_text() + read() + open(fourth).read()
            """,
        },
        rerun=[
            ("data/rows.txt", "one", "uno"),
            ("data/more.txt", "two", "too"),
            ("data/third.txt", "three", "thr33"),
            ("data/fourth.txt", "four", "f0ur"),
        ],
    ),
    *project(
        "configuration read at import",
        {
            "config.json": '{"rate": 3, "name": "x"}',
            "pipeline.py": """
            import json
            from pathlib import Path

            CONFIG = json.loads((Path(__file__).parent / "config.json").read_text())
            RATE = CONFIG["rate"]

            @ps.step
            def target():
                return RATE

            @ps.step
            def whole():
                return CONFIG
            """,
        },
        rerun=[("config.json", '"rate": 3', '"rate": 4'), ('CONFIG["rate"]', 'CONFIG["name"]')],
        reuse=[("config.json", '"rate": 3', '"rate":   3'), Edit(touch=("config.json",))],
        either=[("config.json", '"name": "x"', '"name": "y"')],
    ),
    *project(
        "configuration in a module",
        {
            "settings.toml": "[model]\nrate = 3\ndepth = 4\n",
            "config.py": """
            import tomllib
            from pathlib import Path

            with open(Path(__file__).with_name("settings.toml"), "rb") as file:
                SETTINGS = tomllib.load(file)["model"]
            """,
            "pipeline.py": """
            import config

            @ps.step
            def target():
                return config.SETTINGS["rate"]
            """,
        },
        rerun=[("settings.toml", "rate = 3", "rate = 5")],
        reuse=[("settings.toml", "rate = 3", "rate = 3 # three")],
        either=[("settings.toml", "depth = 4", "depth = 5")],
    ),
    *project(
        "an object made of a file at import",
        {
            "words.txt": "a b c",
            "pipeline.py": """
            import threading
            from pathlib import Path

            class Words:
                def __init__(self, path):
                    self.lock = threading.Lock()
                    self.words = path.read_text().split()

            WORDS = Words(Path(__file__).parent / "words.txt")

            @ps.step
            def target():
                return WORDS.words
            """,
        },
        rerun=[("words.txt", "a b c", "a b d")],
    ),
    *project(
        "what a step writes",
        {
            "out.txt": "old",
            "pipeline.py": """
            from pathlib import Path

            HERE = Path(__file__).parent

            @ps.step
            def target():
                (HERE / "out.txt").write_text("new")
                with open(HERE / "log.txt", "w") as file:
                    file.write("x")
                return 1
            """,
        },
        reuse=[("out.txt", "old", "odd"), {"log.txt": "anything"}],
    ),
    *project(
        "a file that appears",
        {
            "pipeline.py": """
            from pathlib import Path

            HERE = Path(__file__).parent

            @ps.step
            def target():
                path = HERE / "maybe.txt"
                return path.read_text() if path.exists() else "none"
            """,
        },
        rerun=[{"maybe.txt": "here"}],
    ),
    *project(
        "a link to a file",
        {
            "one.txt": "one",
            "two.txt": "two",
            "pipeline.py": """
            from pathlib import Path

            @ps.step
            def target():
                return (Path(__file__).parent / "link.txt").read_text()
            """,
        },
        links={"link.txt": "one.txt"},
        rerun=[Edit(links={"link.txt": "two.txt"}), ("one.txt", "one", "uno")],
        reuse=[("two.txt", "two", "too")],
    ),
    *project(
        "a folder name in a module variable",
        {
            "data/a.txt": "1",
            "pipeline.py": """
            from pathlib import Path

            DATA = Path(__file__).resolve().parent / "data"
            NAME = "a"

            def load():
                return (DATA / f"{NAME}.txt").read_text()

            @ps.step
            def target():
                return load()
            """,
        },
        rerun=[("data/a.txt", "1", "2")],
    ),
]
