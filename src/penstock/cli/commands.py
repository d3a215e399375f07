"""All commands. A new one takes a file, which holds a click command of the same name, and a line here."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from penstock.errors import did_you_mean

__all__ = ["COMMANDS", "Commands", "commands", "penstock"]

# name → (module under penstock.cli, section of the help, what it does). The words stand here as well as in the command,
# so that `--help` need not import every command; a test holds them equal.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("init", "Begin", "Write a small pipeline to begin with."),
    "run": ("run", "Run", "Run what has to run, and reuse the rest."),
    "plan": ("plan", "Run", "Say what would run, and why, before anything runs."),
    "why": ("plan", "Run", "Say why one step would run, with the difference of its code."),
    "check": ("check", "Run", "Run what is not up to date, and look for proof of leaks."),
    "resume": ("resume", "Run", "Go on with a run that failed or was stopped."),
    "cancel": ("resume", "Run", "Stop a run of another terminal, or of the page."),
    "approve": ("resume", "Run", "Let a step go on that waits for approval, or decline it."),
    "runs": ("runs", "Look", "List runs, newest first, or follow a metric through them."),
    "show": ("runs", "Look", "Show a run, or one step of it."),
    "ui": ("ui", "Look", "Show runs, graphs, rows and leaks on a page, until Ctrl-C."),
    "diff": ("diff", "Look", "Hold two runs against each other."),
    "report": ("report", "Look", "Write a run down as one HTML file."),
    "replay": ("check", "Look", "Do the counter-example of a finding again."),
    "reproduce": ("reproduce", "Look", "Do a run again from what it stored, and compare the digests."),
    "versions": ("versions", "Look", "List every version of an artifact, newest first."),
    "tag": ("tag", "Look", "Tag or name a run, or a version of an artifact."),
    "tags": ("tag", "Look", "List names and tags, and what they stand for."),
    "logs": ("logs", "Look", "Print what a step printed."),
    "trace": ("trace", "Look", "Follow one row through every step of a run."),
    "dropped": ("dropped", "Look", "Count the lost rows of a source by step, with reasons."),
    "contract": ("contract", "Look", "Freeze what rows look like, and hold later runs to it."),
    "serve-endpoint": ("serve", "Run", "Serve an endpoint of a valohai.yaml, until Ctrl-C."),
    "lint": ("lint", "Mend", "Load the pipeline and name every problem of it."),
    "image": ("image", "Mend", "Make the image that containers are made of."),
    "doctor": ("doctor", "Mend", "Look at the machine, the state folder, ledger and store."),
    "verify": ("verify", "Mend", "Check every stored byte, and mend what can be mended."),
    "ledger": ("ledger", "Mend", "Copy a ledger into an empty one, of SQLite or PostgreSQL."),
    "gc": ("gc", "Mend", "Remove what no recent run needs; without --yes, say what."),
}


# What people type who come from other tools.
_MEANT = {
    "help": "Write `penstock --help`, or `penstock COMMAND --help`.",
    "version": "Write `penstock --version`.",
    **dict.fromkeys(("list", "ls", "history"), "Runs are listed by `penstock runs`, steps by `penstock plan`."),
    **dict.fromkeys(("graph", "dag", "viz", "steps"), "`penstock plan` shows the steps and what each waits for."),
    **dict.fromkeys(("status", "info"), "`penstock show` shows the last run, `penstock plan` what would run."),
    **dict.fromkeys(("new", "create"), "`penstock init` begins a pipeline."),
    **dict.fromkeys(("start", "exec", "execute", "repro"), "`penstock run` runs what has to run."),
    **dict.fromkeys(("retry", "continue"), "`penstock resume last` goes on with the last run."),
    **dict.fromkeys(("clean", "clear", "prune", "rm"), "`penstock gc` removes what no recent run needs."),
}


def commands() -> dict[str, click.Command]:
    """Every command by its name, imported."""
    return {name: _import(name) for name in COMMANDS}


def _import(name: str) -> click.Command:
    module = importlib.import_module(f"penstock.cli.{COMMANDS[name][0]}")
    found: click.Command = getattr(module, name.replace("-", "_"))
    return found


class Commands(click.Group):
    """Imports a command when it is called, suggests one for a misspelt name, and ends every command in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the signature is click's
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  the signature is click's
        """The command, imported now."""
        return _import(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with. Raises a usage error with close matches."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            error = click.UsageError(f"there is no command `{name}`", ctx=ctx)
            error.hint = _MEANT.get(name) or did_you_mean(name, COMMANDS) or f"Known: {', '.join(COMMANDS)}."  # type: ignore[attr-defined]
            raise error
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  the signature is click's
        """The commands by section, without importing them."""
        wide = max(len(name) for name in COMMANDS)
        for section in dict.fromkeys([one[1] for one in COMMANDS.values()]):
            with formatter.section(section):
                formatter.write_dl(
                    [(f"{name:<{wide}}", words) for name, (_, part, words) in COMMANDS.items() if part == section]
                )

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *given: Any, **extra: Any) -> Any:
        """Run a command and end the process with its exit code."""
        arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
        name = prog_name or "penstock"
        if "_PENSTOCK_COMPLETE" in os.environ:  # a shell asks what could come next
            return super().main(arguments, name, *given, **extra)
        code = 0
        try:
            with self.make_context(name, list(arguments), **extra) as context:
                code = self.invoke(context) or 0
            sys.stdout.flush()
        except click.exceptions.Exit as end:
            code = end.exit_code
        except click.exceptions.NoArgsIsHelpError as help_:  # of a command that holds others, named alone
            click.echo(help_.format_message())
        except SystemExit:
            raise
        except BaseException as error:
            from penstock.cli.ending import finish

            code = finish(error, arguments, code)
        sys.exit(code)


@click.group(
    cls=Commands,
    epilog="In every command, -h explains it; with --json, it prints one JSON document.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="penstock", message="penstock %(version)s")
def penstock() -> None:
    """Run machine-learning pipelines as graphs: only what changed runs again."""
