"""Steps and the names of their artifacts."""

from penstock.model.step import Output, Step


def nothing() -> None:
    """A step's function."""


def test_a_single_output_bears_the_name_of_its_step() -> None:
    assert Step(name="clean", kind="step", function=nothing).artifacts == ("clean",)


def test_several_outputs_are_named_under_their_step() -> None:
    outputs = (Output("train", "train"), Output("test", "test"))
    assert Step(name="sides", kind="split", function=nothing, outputs=outputs).artifacts == (
        "sides.train",
        "sides.test",
    )


def test_two_steps_do_not_share_a_default_entry_or_options() -> None:
    one, other = (Step(name=name, kind="step", function=nothing) for name in "ab")
    one.inputs["x"] = "y"
    assert other.inputs == {}
    assert one.entry.kind == "pickle"
