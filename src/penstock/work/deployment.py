"""Deployment nodes: the files of each endpoint, laid out as its server will find them."""

import json
import shutil
from typing import Any

from penstock.model.code import Code
from penstock.model.command import Command
from penstock.work.command import started
from penstock.work.inputs import chosen
from penstock.work.room import Room, identifier

__all__ = ["Deployment"]


class Deployment:
    """Lays out the files of endpoints. Returns `outputs` (a folder for each endpoint) and `deployment` (its ids)."""

    def __init__(self, command: Command, code: Code, room: Room) -> None:
        self.command, self.code, self.room = command, code, room

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Do it."""
        command, room = self.command, self.room
        started(command, {})
        for endpoint, files in command.endpoints.items():
            folder = room.outputs / endpoint
            folder.mkdir()
            told = {}
            for link in command.links:
                if link.target != "file" or link.name.partition(".")[0] != endpoint:
                    continue
                name = link.name.partition(".")[2]
                found = chosen(arguments[link.argument], link)
                place = files.get(name, name)
                for ref, path, _ in found:
                    parts = [one for one in place.split("/") if one not in ("", ".", "..")]
                    target = folder.joinpath(*(parts if len(found) == 1 else [*parts, *ref.name.split("/")]))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
                told[name] = [ref.uri for ref, _, _ in found]
            (folder / "penstock-endpoint.json").write_text(json.dumps({"endpoint": endpoint, "files": told}, indent=2))
        content = {"id": identifier(f"deployment {command.name}"), "version_id": identifier(f"version {command.name}")}
        return {"outputs": room.outputs, "deployment": content}
