"""Keys: every part counts, and nothing runs into anything else."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.model.run import Consumed
from penstock.model.task import HiddenInput, Setting
from penstock.plan.fingerprint import work_key

words = st.text("ab|:\x00", max_size=3)
parts = st.tuples(
    words,
    words,
    st.lists(st.tuples(words, words), max_size=2, unique_by=lambda one: one[0]),
    st.integers(0, 3),
    st.dictionaries(words, words, max_size=2),
    st.dictionaries(words, words, max_size=2),
)


def key(one):
    step, code, settings, seed, inputs, hidden = one
    return work_key(
        step,
        code,
        [Setting(name, "value", "", digest) for name, digest in settings],
        seed,
        {name: Consumed("a", "d", identity) for name, identity in inputs.items()},
        [HiddenInput(path, "", digest) for path, digest in hidden.items()],
    )


@given(parts, parts)
def test_keys_differ_exactly_where_work_does(one, two):
    assert (key(one) == key(two)) == (one == two)
