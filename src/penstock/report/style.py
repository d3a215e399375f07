"""How the pages look: one style sheet, in the colours that the reader's system prefers."""

__all__ = ["STYLE", "fragment_style"]

STYLE = """
:root { --paper: #ffffff; --card: #f7f8fa; --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --blue: #1f6feb;
  --good: #1a7f4b; --bad: #c4314b; --warn: #9a6700; --add: #e3f6ea; --remove: #fdebec; --code: #f0f2f5; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --card: #1a2029; --ink: #e4e8ee; --soft: #97a3b4;
  --line: #2d3644; --blue: #6cb0ff; --good: #5ccf8f; --bad: #ff7b8d; --warn: #e3b341; --add: #12351f; --remove: #45171d;
  --code: #202834; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 10px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h3 { font-size: 15px; margin: 18px 0 6px; } h4, h5, h6 { font-size: 14px; margin: 12px 0 4px; }
p { margin: 6px 0; } a { color: var(--blue); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; font-size: 13px; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; } pre { background: var(--code); border-radius: 8px; padding: 10px 12px; overflow-x: auto; margin: 8px 0; line-height: 1.45;
  max-height: 460px; overflow-y: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 6px 0; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--soft); } th, td { padding: 4px 16px 4px 0; vertical-align: top; }
tr + tr td { border-top: 1px solid var(--line); } td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--soft); font-size: 14px; }
.facts > * { min-width: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: 13px; font-weight: 600;
  border: 1px solid currentColor; vertical-align: 2px; }
.label { display: inline-block; background: var(--code); border-radius: 6px; padding: 0 8px; font-size: 13px; margin-right: 6px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 16px; margin: 10px 0; }
.card.failed { border-color: var(--bad); }
details > summary { cursor: pointer; } details.card > summary { display: flex; gap: 12px; flex-wrap: wrap; align-items: baseline; }
details.card > summary::marker { content: ""; } .grow { flex: 1; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 10px; }
.metric { overflow-wrap: anywhere; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px 14px; }
.metric b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; } @media (max-width: 700px) { .pair { grid-template-columns: 1fr; } }
figure { margin: 10px 0; } figure img { max-width: 100%; background: #ffffff; border-radius: 8px; border: 1px solid var(--line); }
figcaption { color: var(--soft); font-size: 13px; }
.add { background: var(--add); } .remove { background: var(--remove); } pre .add, pre .remove { display: block; margin: 0 -12px; padding: 0 12px; }
svg.graph { display: block; margin: 0 auto; } .edges path { fill: none; stroke: var(--soft); stroke-width: 1.3; opacity: .55; }
.box rect { fill: var(--card); stroke: var(--line); stroke-width: 1.4; } .box text { fill: var(--ink); font-size: 13px; }
.box .under { fill: var(--soft); font-size: 11px; } .box.k-source rect { stroke: var(--blue); }
.box.s-failed rect, .box.s-tolerated rect { stroke: var(--bad); stroke-width: 2.4; } .box.s-succeeded rect { stroke: var(--good); }
.box.s-reused rect { stroke-dasharray: 4 3; } .box.s-blocked rect, .box.s-cancelled rect { stroke: var(--warn); }
footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
@media print { pre { max-height: none; } details { break-inside: avoid; } }
"""
"""The style sheet of all pages that Penstock writes. It names no place outside of the page."""


def fragment_style(name: str, more: str = "") -> str:
    """The style sheet for a piece of a page that is not ours, as a notebook's: everything in it holds within one class alone."""
    inside = (
        (STYLE + more)
        .replace(":root {", "& {")
        .replace("body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px;", "& { padding: 8px 12px;")
    )
    return f".{name} {{ {inside} }}"
