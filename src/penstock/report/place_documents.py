"""What commands print with --json of the places in which steps run."""

from typing import TypedDict

__all__ = ["PLACE_DOCUMENTS", "ImageDocument"]


class ImageDocument(TypedDict):
    """The image that containers are made of: its name in the engine, and the packages in it."""

    image: str
    packages: list[str]


PLACE_DOCUMENTS: dict[str, tuple[type, str]] = {"image": (ImageDocument, "image build")}
"""The documents by the name of their schema, and which commands print them."""
