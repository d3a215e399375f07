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
const FINE = 60; // steps up to which the layout takes its time
const LOOSE = 250; // above, it also saves on keeping edges straight

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
  const asked = question(names, edges);
  const begun = performance.now();
  const made = await elk.layout(asked);
  performance.measure("layout", { start: begun }); // benchmarks/pages.py reads it
  const places = new Map((made.children ?? []).map((one) => [one.id, { x: one.x ?? 0, y: one.y ?? 0 }]));
  return { places, width: made.width ?? 0, height: made.height ?? 0 };
}

function question(names: string[], edges: [string, string][]): ElkNode {
  return {
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": "38",
      "elk.spacing.nodeNode": "22",
      "elk.layered.nodePlacement.strategy": names.length > LOOSE ? "BRANDES_KOEPF" : "NETWORK_SIMPLEX",
      "elk.layered.thoroughness": names.length > FINE ? "3" : "7",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: names.map((id) => ({ id, width: WIDE, height: HIGH })),
    edges: edges.map(([source, target], at) => ({ id: `e${at}`, sources: [source], targets: [target] })),
  };
}

// While the graph is asked for: the first layout of a worker takes three times as long as those that follow.
const CHAIN = Array.from({ length: 12 }, (_, at) => `${at}`);
void elk.layout(question(CHAIN, CHAIN.slice(2).flatMap((name, at) => [[`${at}`, name], [`${at + 1}`, name]] as [string, string][])));
