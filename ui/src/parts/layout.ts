// Places of steps, computed off the main thread by ELK's layered algorithm; kept by the shape of the graph.
import ELK, { type ElkNode } from "elkjs/lib/elk-api";
import { depths } from "./groups";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";

export interface Place { x: number; y: number }
export interface Placed { places: Map<string, Place>; width: number; height: number }

export const WIDE = 190;
export const HIGH = 64;

const known = new Map<string, Promise<Placed>>();
const elk = new ELK({ workerFactory: () => new Worker(workerUrl) }); // begun now: it takes a while to be ready

/** Places by depth alone, at once: what is shown while the better layout is on its way. */
export function layers(names: string[], edges: [string, string][]): Placed {
  const deep = depths({ boxes: names.map((name) => ({ name })), edges });
  const filled: number[] = [];
  const places = new Map<string, Place>();
  for (const name of names) {
    const at = deep.get(name) ?? 0;
    const row = filled[at] ?? 0;
    filled[at] = row + 1;
    places.set(name, { x: at * (WIDE + 60), y: row * (HIGH + 22) });
  }
  return { places, width: filled.length * (WIDE + 60), height: Math.max(1, ...filled) * (HIGH + 22) };
}

export function layout(names: string[], edges: [string, string][]): Promise<Placed> {
  const shape = JSON.stringify([names, edges]);
  let found = known.get(shape);
  if (!found) {
    if (known.size > 20) known.clear();
    found = place(names, edges);
    known.set(shape, found);
  }
  return found;
}

async function place(names: string[], edges: [string, string][]): Promise<Placed> {
  const asked: ElkNode = {
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": "38",
      "elk.spacing.nodeNode": "22",
      "elk.layered.nodePlacement.strategy": names.length > 250 ? "BRANDES_KOEPF" : "NETWORK_SIMPLEX",
      "elk.layered.thoroughness": names.length > 250 ? "3" : "7",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: names.map((id) => ({ id, width: WIDE, height: HIGH })),
    edges: edges.map(([source, target], at) => ({ id: `e${at}`, sources: [source], targets: [target] })),
  };
  const begun = performance.now();
  const made = await elk.layout(asked);
  performance.measure("layout", { start: begun }); // benchmarks/pages.py reads it
  const places = new Map((made.children ?? []).map((one) => [one.id, { x: one.x ?? 0, y: one.y ?? 0 }]));
  return { places, width: made.width ?? 0, height: made.height ?? 0 };
}
