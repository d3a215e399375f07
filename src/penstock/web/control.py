"""Routes that do something: plan, run, cancel, resume, approve, look behind a cell. They are there only where the page may run things."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from penstock.app.answering import approve, decline
from penstock.app.launching import Launches, Wanted, cancel
from penstock.errors import NotFound
from penstock.ports import Ledger
from penstock.report.documents import ApproveDocument
from penstock.report.views import find_step
from penstock.web.answers import Json
from penstock.web.desk import Desk
from penstock.web.runs import RunName, StepName
from penstock.web.schema import document

__all__ = ["CellRequest", "RunRequest", "control_routes"]

_Word = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class RunRequest(BaseModel):
    """What is to be run: targets (none: everything), parameters as `STEP.PARAMETER` → text, steps to run whatever is known."""

    model_config = ConfigDict(extra="forbid")

    targets: list[_Word] = Field(default=[], max_length=10_000)
    parameters: dict[_Word, Annotated[str, Field(max_length=30_000, pattern=r"^[^\x00]*$")]] = Field(
        default={}, max_length=10_000, json_schema_extra={"additionalProperties": False}
    )
    force: list[_Word] = Field(default=[], max_length=10_000)
    checks: Annotated[
        str, Field(pattern="^(|quick|full|off)$", description="How much is checked for leaks; empty: as set.")
    ] = ""
    name: _Word = ""
    tags: list[_Word] = Field(default=[], max_length=100)
    seed: Annotated[int, Field(ge=-(2**53), le=2**53)] | None = None
    pipeline: Annotated[_Word, Field(description="Of a valohai.yaml: this pipeline.")] = ""
    step: Annotated[_Word, Field(description="Of a valohai.yaml: this one step or task.")] = ""

    def wanted(self) -> Wanted:
        """As the application takes it."""
        return Wanted(**self.model_dump())


class CellRequest(BaseModel):
    """A cell: the key of a row, and `ARTIFACT.COLUMN`."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[_Word, Field(min_length=1)]
    cell: Annotated[_Word, Field(min_length=1)]
    source: _Word = ""


def control_routes(desk: Desk, launches: Launches) -> APIRouter:
    """The routes; what they start are processes of their own."""
    router = APIRouter(tags=["control"])

    @router.post("/plan", responses=document("plan"))
    def plan(asked: RunRequest) -> Response:
        """What would run, and why. The pipeline is imported, in a process of its own."""
        found = launches.plan(asked.wanted())
        return Json(found, 409 if "error" in found else 200)

    @router.post("/runs", responses=document("start"))
    def run(asked: RunRequest) -> Response:
        """Start a run; what is answered is asked for again until it names the run."""
        return Json(launches.run(asked.wanted()))

    @router.get("/starts/{start}", responses=document("start"))
    def start(start: Annotated[str, Path(max_length=100)]) -> Response:
        """What became of a start."""
        return Json(launches.look(start, _ledger(desk)))

    @router.post("/runs/{run}/cancel", responses=document("cancel"))
    def cancel_run(run: RunName) -> Response:
        """Ask a run to stop, as Ctrl-C would; asked again, it stops at once. What is done stays done."""
        return Json(cancel(desk.settings, run))

    @router.post("/runs/{run}/resume", responses=document("start"))
    def resume(run: RunName) -> Response:
        """Go on with a run that failed or was stopped."""
        return Json(launches.resume(desk.ledger.run(run).id))

    @router.post("/runs/{run}/approve/{step:path}", responses=document("approve"))
    def approve_step(run: RunName, step: StepName) -> Response:
        """Let a step go on that waits for approval; a run that has ended then goes on with `resume`."""
        found = desk.ledger.run(run).id
        find_step(desk.ledger, found, step)
        approve(desk.ledger, found, step)
        said: ApproveDocument = {"run": found, "step": step, "approved": True, "next": f"penstock resume {found}"}
        return Json(said)

    @router.post("/runs/{run}/decline/{step:path}", responses=document("approve"))
    def decline_step(run: RunName, step: StepName) -> Response:
        """Say no to a step that waits for approval: it fails, what lies behind it is blocked; `resume` asks again."""
        found = desk.ledger.run(run).id
        find_step(desk.ledger, found, step)
        decline(desk.ledger, found, step)
        said: ApproveDocument = {"run": found, "step": step, "approved": False, "next": f"penstock resume {found}"}
        return Json(said)

    @router.post("/runs/{run}/cell", responses=document("cell"))
    def cell(run: RunName, asked: CellRequest) -> Response:
        """The source rows behind one value: steps are done again to tell, in a process of their own."""
        found = launches.cell(desk.ledger.run(run).id, asked.key, asked.cell, asked.source)
        return Json(found, 409 if "error" in found else 200)

    return router


def _ledger(desk: Desk) -> Ledger | None:
    try:
        return desk.ledger
    except NotFound:  # the first run has not begun yet
        return None
