"""Fifty texts that run something where a page takes them for a part of itself, and a ledger in which every free text is all of them."""

from pathlib import Path
from typing import Any

from penstock.app.pipeline import Pipeline
from penstock.app.settings import find_settings, open_ledger
from penstock.model.event import Checked, Warned
from penstock.model.verdict import Altered, CheckResult, Finding

__all__ = ["PAYLOADS", "hostile"]

_TRIP = "alert('tripped')"
PAYLOADS: tuple[str, ...] = tuple(
    one.replace("TRIP", _TRIP)
    for one in (
        "<script>TRIP</script>", "<ScRiPt>TRIP</sCrIpT>", "</script><script>TRIP</script>", "<script src=data:text/javascript,TRIP></script>",
        "<script\x0c>TRIP</script>", "<scr<script>ipt>TRIP</scr</script>ipt>", "<img src=x onerror=TRIP>", "<img src=x onerror=\"TRIP\">",
        "\"><img src=x onerror=TRIP>", "'><img src=x onerror=TRIP>", "`><img src=x onerror=TRIP>", "<img/src='x'/onerror=TRIP>", "<IMG SRC=x ONERROR=TRIP>",
        "<svg onload=TRIP>", "<svg/onload=TRIP>", "<svg><script>TRIP</script></svg>", "<svg><animate onbegin=TRIP attributeName=x dur=1s>",
        "<svg><a xlink:href=\"javascript:TRIP\"><text y=20>x</text></a></svg>", "<body onload=TRIP>", "<iframe src=\"javascript:TRIP\"></iframe>",
        "<iframe srcdoc=\"<script>TRIP</script>\"></iframe>", "<object data=\"javascript:TRIP\"></object>", "<embed src=\"javascript:TRIP\">",
        "<a href=\"javascript:TRIP\">x</a>", "[x](javascript:TRIP)", "[x](JaVaScRiPt:TRIP)", "![x](x\" onerror=\"TRIP)", "[x](data:text/html,<script>TRIP</script>)",
        "<javascript:TRIP>", "javascript:TRIP", "java\tscript:TRIP", "<details open ontoggle=TRIP>", "<input autofocus onfocus=TRIP>", "<select autofocus onfocus=TRIP>",
        "<textarea autofocus onfocus=TRIP>", "<video><source onerror=TRIP></video>", "<audio src=x onerror=TRIP>", "<marquee onstart=TRIP>x</marquee>",
        "<math href=\"javascript:TRIP\">x</math>", "<form action=\"javascript:TRIP\"><button>x</button></form>", "<meta http-equiv=refresh content=\"0;url=javascript:TRIP\">",
        "<link rel=stylesheet href=\"javascript:TRIP\">", "<style>@import 'javascript:TRIP';</style>", "</style><script>TRIP</script>", "</title><script>TRIP</script>",
        "</textarea><script>TRIP</script>", "--><script>TRIP</script><!--", "]]><script>TRIP</script>", "\x1b]8;;javascript:TRIP\x07x\x1b]8;;\x07", "\x1b[31m<img src=x onerror=TRIP>\x1b[0m",
        "{{constructor.constructor(\"TRIP\")()}}", "${TRIP}", "&lt;script&gt;TRIP&lt;/script&gt;", "&#60;script&#62;TRIP&#60;/script&#62;", "\u003cscript\u003eTRIP\u003c/script\u003e",
        "<noscript><p title=\"</noscript><img src=x onerror=TRIP>\">", "<template><script>TRIP</script></template>", "<div style=\"background:url('javascript:TRIP')\">x</div>", "```html\n<img src=x onerror=TRIP>\n```",
    )
)  # fmt: skip

_PIPELINE = """
import logging
import polars as pl
import penstock as ps

PAYLOADS = {payloads!r}
ALL = "\\n".join(PAYLOADS)

@ps.source(key="id", description=ALL)
def rows(n: int = 3) -> pl.DataFrame:
    count = len(PAYLOADS)
    return pl.DataFrame({{"id": list(PAYLOADS), **{{one: list(PAYLOADS) for one in PAYLOADS}}}})

@ps.step(description=ALL, tags=[one.replace("\\n", " ") for one in PAYLOADS])
def kept(rows: pl.DataFrame, text: str = ALL) -> pl.DataFrame:
    return rows[1:]

@ps.step
def talk(kept: pl.DataFrame) -> dict:
    for at, one in enumerate(PAYLOADS):
        print(one)
        logging.getLogger("x").warning(one)
        ps.note(one)
        ps.metric(one.replace("\\n", " "), at)
        ps.figure('<svg xmlns="http://www.w3.org/2000/svg">' + one + '<script>alert("tripped")</script></svg>', one.replace("\\n", " "))
    return {{one: one for one in PAYLOADS}}

@ps.step
def fails(talk, text: str = ALL):
    raise ValueError(ALL)

@ps.step
def skipped(talk):
    return ps.skip(ALL)

@ps.step
def waits(talk):
    return ps.hold(ALL)
"""


def hostile(folder: Path) -> str:
    """A run in a folder of which every free text is a payload; its id. The pipeline's file bears one as well."""
    file = folder / "<img src=x onerror=alert('tripped')>.py"
    file.write_text(_PIPELINE.format(payloads=PAYLOADS), encoding="utf-8")
    done = Pipeline.load(file, executor="inline", checks="off").run()
    run = done.run
    assert done.status == "failed", done.status
    done.close()
    ledger = open_ledger(find_settings(file))
    findings = [
        Finding(
            "as-of", verdict, "talk", one, one, one, one, one, one, one, one, one, severity=one, id=f"{at:08x}", cause=Altered(one, one, one, one, one), waived=one if at % 3 == 0 else "",
        )
        for at, one in enumerate(PAYLOADS)
        for verdict in ("PROVEN", "SUSPECT")[at % 2 : at % 2 + 1]
    ]  # fmt: skip
    results = [CheckResult("as-of", "kept", "CLEAN", one) for one in PAYLOADS]
    results += [CheckResult("rerun", "talk", "UNKNOWN", one) for one in PAYLOADS]
    events: list[Any] = [Checked("full", tuple(results), tuple(findings))]
    events += [Warned("talk", one, one, one, one) for one in PAYLOADS]
    ledger.record(run, events)
    ledger.close()
    return run
