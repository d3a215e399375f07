"""The key of a step's work: the hash of code, parameters, seed and the identities of its inputs."""

from collections.abc import Mapping, Sequence

from penstock.model.digest import combine
from penstock.model.run import Consumed
from penstock.model.task import HiddenInput, Setting

__all__ = ["SCHEME", "work_key"]

SCHEME = "penstock-work-1"
"""The domain of keys. Another number makes every step run once more: change it only if keys of old meant less."""


def work_key(
    step: str,
    code: str,
    settings: Sequence[Setting],
    seed: int,
    inputs: Mapping[str, Consumed],
    hidden: Sequence[HiddenInput] = (),
) -> str:
    """The key of one step's work.

    The step's name is part of it because its seed is drawn from the name; the run's and the pipeline's are not, so
    that any run in the same ledger may reuse what another did. Environment counts through `code`, whose closure holds
    the versions of the packages that it imports.
    """
    parts = [step, code, str(seed)]
    for one in settings:
        parts += ["p", one.name, one.digest]
    for argument in sorted(inputs):
        parts += ["i", argument, inputs[argument].identity]
    for file in sorted(hidden, key=lambda file: file.path):
        parts += ["h", file.path, file.digest]
    return combine(SCHEME, parts)
