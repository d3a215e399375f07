"""Commands as groups of processes."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from penstock.work.context import Stop
from penstock.work.process import Enough, run_script, script_of


def run(folder: Path, *lines: str, on_line: object = None) -> tuple[int, list[str], str]:
    read: list[str] = []
    code, last = run_script(script_of(list(lines)), folder / "script", folder, dict(os.environ), on_line or read.append)  # type: ignore[arg-type]
    return code, read, last


def gone(pid: int) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_a_command_over_several_items_ends_at_a_failure(tmp_path: Path) -> None:
    code, read, _ = run(tmp_path, "if true; then", "echo in", "fi", "false", "echo never")
    assert (code, read) == (1, ["in"])
    code, read, last = run(tmp_path, "if true; then", "echo in")
    assert (code, read) == (2, [])
    assert "} && {" not in last


def test_output_is_passed_on_and_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, read, last = run(tmp_path, "echo one", "echo two >&2", "printf three")
    assert (code, read) == (0, ["one", "three"])
    out, err = capfd.readouterr()
    assert (out, err) == ("one\nthree", "two\n")
    assert "two" in last


def test_a_command_that_fails_ends_the_script(tmp_path: Path) -> None:
    code, read, _ = run(tmp_path, "echo a", "false", "echo b")
    assert (code, read) == (1, ["a"])
    assert run(tmp_path, "exit 7")[0] == 7
    assert run(tmp_path, "kill -9 $$")[0] == -9
    assert run(tmp_path, "no-such-program-at-all")[0] == 127
    assert run(tmp_path)[0] == 0


def test_comments_and_documents_do_not_spill_over(tmp_path: Path) -> None:
    _, read, _ = run(tmp_path, "echo a # a comment", "cat <<E\nb\nE", "x=c && echo $x")
    assert read == ["a", "b", "c"]


def test_bytes_that_are_no_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, read, _ = run(tmp_path, r"printf '\377\n\303'", r"printf '\244\n'")
    assert (code, read) == (0, ["\\xff", "ä"])
    assert capfd.readouterr().out == "\\xff\nä\n"


def test_much_output(tmp_path: Path) -> None:
    code, read, last = run(tmp_path, f'{sys.executable} -c \'print("x" * 3000000); print("end")\'')
    assert (code, read[-1]) == (0, "end")
    assert len(read) == 2
    assert len(last) <= 4000


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    code, read, _ = run(tmp_path, "sleep 300 & echo $!")
    assert code == 0
    assert gone(int(read[0]))


def test_enough_ends_it_well(tmp_path: Path) -> None:
    def line(text: str) -> None:
        if text == "3":
            raise Enough

    assert run(tmp_path, "for i in 1 2 3; do echo $i; done; sleep 300; exit 9", on_line=line)[0] == 0


def test_a_signal_ends_all_of_it(tmp_path: Path) -> None:
    pids: list[int] = []

    def line(text: str) -> None:
        pids.append(int(text))
        if len(pids) == 2:
            raise Stop("asked")

    with pytest.raises(Stop):
        run(tmp_path, "trap '' TERM; echo $$; sleep 300 & echo $!; wait; sleep 300", on_line=line)
    assert all(gone(pid) for pid in pids)


def test_it_is_a_group_of_its_own(tmp_path: Path) -> None:
    _, read, _ = run(tmp_path, "ps -o pgid= -p $$ | tr -d ' '; echo $$")
    assert read[0] == read[1]
    assert run(tmp_path, "kill 0; sleep 300")[0] != 0  # it does not reach this process


def test_a_shebang_names_the_interpreter(tmp_path: Path) -> None:
    code, read, _ = run(tmp_path, f"#!{sys.executable}\nprint('py')")
    assert (code, read) == (0, ["py"])


def test_lines_come_while_it_runs(tmp_path: Path) -> None:
    seen = threading.Event()
    flag = tmp_path / "go"

    def line(text: str) -> None:
        if text == "ready":
            seen.set()
            flag.touch()

    assert run(tmp_path, "echo ready; while [ ! -e go ]; do sleep 0.02; done; echo done", on_line=line)[0] == 0
    assert seen.is_set()
