"""Figures and pictures: one drawing, one digest."""

import io
from typing import Any

import matplotlib as mpl
import pytest

mpl.use("Agg")

from matplotlib.figure import Figure as Drawn
from PIL import Image

from penstock.codecs.figures import Figure, FigureCodec, ImageCodec, PictureBytesCodec, PictureTextCodec, media_type
from penstock.codecs.registry import Codecs
from penstock.errors import CodecError, Corrupt
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><text>ü</text></svg>"


def drawn(*points: float) -> Any:
    figure = Drawn(figsize=(2, 1))
    figure.subplots().plot(points)
    return figure


def png(size: int = 3) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, 2), (size, 0, 0)).save(file, format="PNG")
    return file.getvalue()


class TestFigureCodec(CodecContract):
    codec = FigureCodec()

    def examples(self) -> list[Any]:
        return [drawn(1, 2), drawn(2, 1), Figure("image/png", png()), Figure("image/svg+xml", SVG.encode())]

    def same(self, left: Any, right: Any) -> None:
        """A drawing comes back as the picture of it."""
        assert type(right) is Figure
        if type(left) is Figure:
            assert left == right
        else:
            assert right.media_type == "image/png"
            assert Image.open(io.BytesIO(bytes(right))).size == (200, 100)


class TestImageCodec(CodecContract):
    codec = ImageCodec()

    def examples(self) -> list[Any]:
        modes = ["1", "L", "LA", "RGB", "RGBA", "I;16"]
        return [*[Image.new(mode, (4, 3)) for mode in modes], Image.open(io.BytesIO(png(5)))]

    def same(self, left: Any, right: Any) -> None:
        assert (left.mode, left.size) == (right.mode, right.size)
        assert left.tobytes() == right.tobytes()

    def spoil(self, value: Any) -> None:
        value.putpixel((0, 0), 1 if value.mode == "1" else value.getpixel((1, 1)))


class TestPictureBytesCodec(CodecContract):
    codec = PictureBytesCodec()

    def examples(self) -> list[Any]:
        return [png(1), png(2), SVG.encode(), b"\xff\xd8\xff\xe0 not really", b"GIF89a", png() + b"\x00" * 100_000]


class TestPictureTextCodec(CodecContract):
    codec = PictureTextCodec()

    def examples(self) -> list[Any]:
        return [SVG, f'<?xml version="1.0"?>\n{SVG}', SVG.replace("text", "desc")]


def test_the_registry_knows_them_all() -> None:
    image = Image.new("RGB", (2, 2))
    for value, name in (
        (drawn(1), "figure"),
        (image, "image"),
        (png(), "picture"),
        (SVG, "picture-text"),
        ("<b>", "plain"),
    ):
        assert CODECS.encode(value, MemorySink()).codec == name
    assert CODECS.encode(png(), MemorySink()).about.details["media_type"] == "image/png"


def test_media_types_are_told_by_their_bytes() -> None:
    assert media_type(b"  \n<svg>") == "image/svg+xml"
    assert media_type(b"plain text") == media_type(b"") == media_type(b"<html><svg></html>") == ""


def test_notebooks_can_show_it() -> None:
    assert Figure("image/png", b"x")._repr_mimebundle_() == {"image/png": b"x"}
    assert Figure("image/svg+xml", SVG.encode())._repr_mimebundle_() == {"image/svg+xml": SVG}


def test_a_figure_that_can_not_be_drawn_is_said() -> None:
    figure = Drawn()
    figure.text(0, 0, "$\\unknown$")
    with pytest.raises(CodecError, match="drawn"):
        CODECS.encode(figure, MemorySink())


def test_what_is_no_figure_is_refused() -> None:
    from penstock.codecs.bytesio import blob_of, stored
    from penstock.model.artifact import Description

    sink = MemorySink()
    with pytest.raises(Corrupt):
        FigureCodec().decode(stored("figure", blob_of(sink, b"no"), Description("x")), sink.reader())


def test_images_that_png_can_not_hold_are_pickled() -> None:
    assert CODECS.encode(Image.new("CMYK", (2, 2)), MemorySink()).codec == "pickle"


def test_plotly_figures_are_kept_as_their_json() -> None:
    go = pytest.importorskip("plotly.graph_objects", reason="plotly is not installed")
    sink = MemorySink()
    stored = CODECS.encode(go.Figure(go.Scatter(x=[1], y=[2])), sink)
    assert CODECS.decode(stored, sink.reader()).media_type == "application/vnd.plotly.v1+json"
