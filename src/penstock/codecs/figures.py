"""Figures: matplotlib and plotly drawings, images, and the bytes of a picture.

A matplotlib figure is stored as a PNG without date or software, so that the same drawing has the same digest; it comes
back as a `Figure`, which holds the picture and shows itself in notebooks. A picture is shown by many, drawn upon by
nobody; one who must go on drawing should return the data. SVG is kept as it was given, never made: it is a document
that can carry scripts, and a server has to treat it as one.
"""

import io
import json
import sys
from typing import Any

from msgspec import Struct

from penstock.codecs.bytesio import blob_of, read, stored
from penstock.errors import CodecError, Corrupt
from penstock.model.artifact import Description, Stored
from penstock.ports import Reader, Sink

__all__ = ["Figure", "FigureCodec", "ImageCodec", "PictureBytesCodec", "PictureTextCodec", "media_type"]

_PNG = "image/png"
_SVG = "image/svg+xml"
_PLOTLY = "application/vnd.plotly.v1+json"
_MODES = frozenset({"1", "L", "LA", "RGB", "RGBA", "I;16"})
_LOOKED_AT = 1024


def media_type(data: bytes | memoryview) -> str:
    """The media type of a picture's bytes, "" if they are none that is known."""
    start = bytes(data[:_LOOKED_AT])
    for magic, kind in ((b"\x89PNG\r\n\x1a\n", _PNG), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif")):
        if start.startswith(magic):
            return kind
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!DOCTYPE svg")) and b"<svg" in text):
        return _SVG
    return ""


class Figure(Struct, frozen=True):
    """A stored picture: its media type and its bytes."""

    media_type: str
    data: bytes

    def __bytes__(self) -> bytes:
        return self.data

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.media_type == _PLOTLY:
            return {_PLOTLY: json.loads(self.data)}
        return {self.media_type: self.data.decode() if self.media_type == _SVG else self.data}


class FigureCodec:
    """matplotlib and plotly figures, and the `Figure` that is read back."""

    name = "figure"

    def accepts(self, value: Any) -> bool:
        """What draws itself by one of the two libraries."""
        return type(value) is Figure or _is_matplotlib(value) or _is_plotly(value)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Draw it once."""
        figure = _draw(value)
        return stored(self.name, blob_of(sink, figure.data), self._describe(figure, value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The picture."""
        data = bytes(read(stored, reader))
        kind = media_type(data) or (_PLOTLY if data[:1] == b"{" else "")
        if not kind:
            raise Corrupt("a stored figure is of no known kind")
        return Figure(kind, data)

    def describe(self, value: Any) -> Description:
        """Media type and size."""
        return self._describe(_draw(value), value)

    def _describe(self, figure: Figure, value: Any) -> Description:
        kind = type(value)
        source = kind.__module__.partition(".")[0]
        details: dict[str, Any] = {"media_type": figure.media_type, "bytes": len(figure.data), "drawn_by": source}
        name = f"{source}.{kind.__name__}"
        return Description(name, text=f"{source} figure, {figure.media_type}", details=details)


class ImageCodec:
    """Pillow images of the modes that PNG holds without loss."""

    name = "image"

    def accepts(self, value: Any) -> bool:
        """Images, whatever file they came from."""
        image = sys.modules.get("PIL.Image")
        return image is not None and isinstance(value, image.Image) and value.mode in _MODES

    def encode(self, value: Any, sink: Sink) -> Stored:
        """A PNG of the pixels alone."""
        file = io.BytesIO()
        bare = value.copy()
        bare.info = {}
        bare.save(file, format="PNG", compress_level=6)
        return stored(self.name, blob_of(sink, file.getvalue()), self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The image, read whole."""
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(read(stored, reader))) as image:
                return image.copy()
        except (UnidentifiedImageError, OSError) as error:
            raise Corrupt(f"a stored image can't be read: {error}") from None

    def describe(self, value: Any) -> Description:
        """Size and mode."""
        text = f"image of {value.width} x {value.height} pixels, {value.mode}"
        details = {"media_type": _PNG, "mode": value.mode}
        return Description("PIL.Image.Image", shape=(value.height, value.width), text=text, details=details)


class PictureBytesCodec:
    """`bytes` that are a picture: they come back as the same bytes, and are described as what they show."""

    name = "picture"

    def accepts(self, value: Any) -> bool:
        """PNG, JPEG, GIF and SVG, by their first bytes."""
        return type(value) is bytes and bool(media_type(value))

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The bytes themselves."""
        return stored(self.name, blob_of(sink, value), self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The same bytes."""
        return bytes(read(stored, reader))

    def describe(self, value: Any) -> Description:
        """Media type and size."""
        kind = media_type(value)
        return Description("bytes", text=kind, details={"media_type": kind, "bytes": len(value)})


class PictureTextCodec:
    """Text that is an SVG document."""

    name = "picture-text"

    def accepts(self, value: Any) -> bool:
        """SVG, by its first characters."""
        return type(value) is str and value[:4] in ("<svg", "<?xm") and _is_svg(value)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The text as UTF-8."""
        return stored(self.name, blob_of(sink, value.encode()), self.describe(value))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The same text."""
        return str(read(stored, reader), "utf-8")

    def describe(self, value: Any) -> Description:
        """Media type and size."""
        return Description("str", text=_SVG, details={"media_type": _SVG, "characters": len(value)})


def _is_svg(text: str) -> bool:
    try:
        return media_type(text.encode()) == _SVG
    except UnicodeEncodeError:
        return False


def _is_matplotlib(value: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def _is_plotly(value: Any) -> bool:
    module = sys.modules.get("plotly.basedatatypes")
    return module is not None and isinstance(value, module.BaseFigure)


def _draw(value: Any) -> Figure:
    if type(value) is Figure:
        return value
    try:
        if _is_plotly(value):
            text = json.dumps(json.loads(value.to_json()), sort_keys=True, separators=(",", ":"))
            return Figure(_PLOTLY, text.encode())
        file = io.BytesIO()
        value.savefig(file, format="png", metadata={"Software": None})
        return Figure(_PNG, file.getvalue())
    except Exception as error:
        raise CodecError(f"a figure can't be drawn: {type(error).__name__}: {error}") from None
