from penstock.app.told import Told


def test_a_document_in_the_hand() -> None:
    told = Told({"key": "a<b", "rows": 2}, [[("a<b", "title")], [("  two  ", "dim")]])
    assert dict(told) == {"key": "a<b", "rows": 2}
    assert len(told) == 2
    assert repr(told) == "a<b\n  two"
    assert told._repr_html_() == '<pre style="overflow-x: auto">a&lt;b\n  two</pre>'
    assert Told({}, [], "<p>page</p>")._repr_html_() == "<p>page</p>"


def test_its_form_for_rich() -> None:
    import sys
    from types import ModuleType, SimpleNamespace

    module = ModuleType("rich.text")
    module.Text = SimpleNamespace(from_ansi=lambda text: ("rich", text))  # type: ignore[attr-defined]
    kept = {name: sys.modules.get(name) for name in ("rich", "rich.text")}
    sys.modules.update({"rich": ModuleType("rich"), "rich.text": module})
    try:
        assert Told({}, [[("a", "title")]]).__rich__() == ("rich", "\x1b[1ma\x1b[0m")
    finally:
        for name, old in kept.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old
