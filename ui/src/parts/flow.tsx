// Rows from the sources to the sides as a Sankey drawing: what was kept flows on, what was dropped leaves below, with its reason.
import { useMemo } from "react";
import { go, href } from "../route";
import type { Account, Graph } from "../types";
import { count } from "../words";

const WIDE = 12;
const GAP = 150;
const HIGH = 240;

interface Bar { name: string; rows: number; depth: number; y: number; high: number }

export function Flow({ accounts, graph, run, known }: { accounts: Account[]; graph: Graph; run: string; known: Map<string, number> }) {
  const drawn = useMemo(() => arrange(accounts, graph, known), [accounts, graph, known]);
  if (!drawn) return <p className="soft">No rows could be followed from step to step.</p>;
  const { bars, links, losses, width, height } = drawn;
  return (
    <div className="scroll">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} className="flow" role="img" aria-label="Rows from source to side">
        {links.map((one, at) => <path key={at} d={one.d} className="flow-link"><title>{one.words}</title></path>)}
        {losses.map((one, at) => <g key={at}><path d={one.d} className="flow-loss"><title>{one.words}</title></path><text x={one.x} y={one.y} className="bad">{one.label}</text></g>)}
        {[...bars.values()].map((one) => (
          <g key={one.name} className="flow-bar" onClick={() => go(href(["run", run, "artifact", one.name]))}>
            <title>{`${one.name}: ${count(one.rows)} rows`}</title>
            <rect x={one.depth * GAP + 10} y={one.y} width={WIDE} height={one.high} rx={2} />
            <text x={one.depth * GAP + 10} y={one.y - 18}>{clipped(one.name)}</text>
            <text x={one.depth * GAP + 10} y={one.y - 5} className="faint">{count(one.rows)}</text>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** A name in the room between two bars. */
const clipped = (name: string) => (name.length > 22 ? `${name.slice(0, 21)}…` : name);

function arrange(accounts: Account[], graph: Graph, known: Map<string, number>) {
  const main = accounts.filter((one) => one.main && one.outputs.length > 0);
  const rows = new Map<string, number>();
  const made = new Set(main.flatMap((one) => one.outputs));
  for (const one of main) rows.set(one.artifact, one.rows_in);
  for (const one of accounts) if (!rows.has(one.artifact) && made.has(one.artifact)) rows.set(one.artifact, one.rows_in);
  for (const one of main) if (one.outputs.length === 1) rows.set(one.outputs[0] ?? "", one.rows_out);
  for (const one of main) for (const output of one.outputs) rows.set(output, known.get(output) ?? rows.get(output) ?? Math.round((one.kept || one.rows_out) / one.outputs.length));
  if (!rows.size) return undefined;
  const depth = new Map<string, number>();
  const parents = new Map<string, string[]>();
  for (const one of main) for (const output of one.outputs) parents.set(output, [...(parents.get(output) ?? []), one.artifact]);
  const deep = (name: string, seen: Set<string>): number => {
    const held = depth.get(name);
    if (held !== undefined) return held;
    if (seen.has(name)) return 0;
    const found = Math.max(-1, ...(parents.get(name) ?? []).map((one) => deep(one, new Set([...seen, name])))) + 1;
    depth.set(name, found);
    return found;
  };
  for (const name of rows.keys()) deep(name, new Set());
  const most = Math.max(...rows.values(), 1);
  const columns = new Map<number, string[]>();
  const order = graph.nodes.flatMap((node) => Object.keys(node.outputs));
  for (const name of order.filter((one) => rows.has(one))) columns.set(depth.get(name) ?? 0, [...(columns.get(depth.get(name) ?? 0) ?? []), name]);
  const bars = new Map<string, Bar>();
  let height = 0;
  for (const [at, names] of columns) {
    let y = 34;
    for (const name of names) {
      const high = Math.max(((rows.get(name) ?? 0) / most) * HIGH, 3);
      bars.set(name, { name, rows: rows.get(name) ?? 0, depth: at, y, high });
      y += high + 62;
    }
    height = Math.max(height, y);
  }
  const links: { d: string; words: string }[] = [];
  const losses: { d: string; words: string; x: number; y: number; label: string }[] = [];
  for (const one of main) {
    const from = bars.get(one.artifact);
    if (!from) continue;
    const x = from.depth * GAP + 10 + WIDE;
    let left = from.y;
    const whole = one.outputs.reduce((sum, output) => sum + (rows.get(output) ?? 0), 0) || 1;
    const room = Math.max(from.high * (1 - one.dropped / Math.max(one.rows_in, 1)), 1);
    for (const output of one.outputs) {
      const to = bars.get(output);
      if (!to) continue;
      const high = Math.max(room * ((rows.get(output) ?? 0) / whole), 1);
      const end = to.depth * GAP + 10;
      const middle = (x + end) / 2;
      links.push({
        d: `M${x} ${left} C${middle} ${left} ${middle} ${to.y} ${end} ${to.y} L${end} ${to.y + to.high} C${middle} ${to.y + to.high} ${middle} ${left + high} ${x} ${left + high} Z`,
        words: `${one.artifact} → ${output} by ${one.step}`,
      });
      left += high;
    }
    if (one.dropped) {
      const bottom = from.y + from.high;
      const thick = Math.max(from.high * (one.dropped / Math.max(one.rows_in, 1)), 2);
      losses.push({
        d: `M${x} ${bottom - thick} Q${x + 34} ${bottom - thick} ${x + 34} ${bottom + 16} L${x + 34 - Math.min(thick, 30)} ${bottom + 16} Q${x + 30 - Math.min(thick, 28)} ${bottom} ${x} ${bottom} Z`,
        words: `${one.step} dropped ${count(one.dropped)}: ${one.reasons.map((reason) => reason.what).join("; ")}`,
        x: x + 6, y: bottom + 30, label: clipped(`−${count(one.dropped)} ${one.step}`),
      });
    }
  }
  return { bars, links, losses, width: (Math.max(...columns.keys()) + 1) * GAP + 90, height: height + 10 };
}
