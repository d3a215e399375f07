"""The drawing of a graph: nothing overlaps, edges lead down, names are escaped and fit."""

from hypothesis import given
from tests.strategies import graphs

from penstock.report.graph_svg import Box, graph_svg, layout


@given(graphs())
def test_no_two_boxes_overlap_and_all_edges_lead_down(edges) -> None:
    names = list(edges)
    listed = [(parent, name) for name, parents in edges.items() for parent in dict.fromkeys(parents)]
    places, bends = layout(names, listed)
    assert set(places) == set(names)
    for i, one in enumerate(names):
        assert min(places[one]) >= -1e-6
        for other in names[i + 1 :]:
            (x, y), (to_x, to_y) = places[one], places[other]
            assert abs(x - to_x) >= 168 - 1e-6 or abs(y - to_y) >= 40 - 1e-6
    for one, other in listed:
        way = [places[one], *bends[one, other], places[other]]
        assert [y for _, y in way] == sorted({y for _, y in way})


@given(graphs())
def test_each_step_and_edge_is_drawn_once(edges) -> None:
    listed = [(parent, name) for name, parents in edges.items() for parent in parents]
    svg = graph_svg([Box(name) for name in edges], listed)
    assert svg.count("<rect") == len(edges)
    assert svg.count("<path") == len(set(listed))


def test_sources_stand_beside_what_reads_them() -> None:
    places, _ = layout(["a", "b", "c", "late"], [("a", "b"), ("b", "c"), ("late", "c")])
    assert places["late"][1] == places["b"][1]


def test_names_are_escaped_and_fit() -> None:
    svg = graph_svg(
        [Box('<b>"x"', "under & over", "k-source", "the <title>", "#step-1"), Box("n" * 60)], [("gone", "<b>")]
    )
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
    assert 'href="#step-1"' in svg
    assert "…" in svg
    assert "n" * 30 not in svg.replace(f"<title>{'n' * 60}</title>", "")


def test_no_step_at_all() -> None:
    assert graph_svg([], []).startswith("<svg")
