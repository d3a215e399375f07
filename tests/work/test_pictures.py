"""Pictures of results."""

from xml.etree import ElementTree

from penstock.work.pictures import results_picture


def test_a_bar_for_each_execution() -> None:
    picture = results_picture(
        [{"execution": 0, "lr": 0.1, "acc": 0.5}, {"execution": 1, "lr": 0.2, "acc": -0.25}], "acc"
    )
    tree = ElementTree.fromstring(picture)
    assert len(tree.findall("{http://www.w3.org/2000/svg}rect")) == 2
    assert "acc by execution" in picture


def test_the_last_number_where_no_metric_is_named() -> None:
    assert "acc by execution" in results_picture([{"execution": 0, "lr": 0.1, "note": "x", "acc": 0.5}])


def test_what_cannot_be_drawn() -> None:
    assert results_picture([]) == ""
    assert results_picture([{"execution": 0, "note": "x"}]) == ""
    assert results_picture([{"execution": 0, "acc": float("nan")}], "acc") == ""
    assert "<script" not in results_picture([{"execution": 0, "<script>": 1}])
