// Many steps as few boxes: those whose names differ in a number, or that lie at the same depth, stand together until somebody opens them.
import type { Box, Drawn } from "./graph";
import { worst } from "./small";
import type { Verdict } from "../types";

export const LEVELS = ["every step", "names alike but for the last number", "names alike but for numbers", "by depth and kind"];
const MOST = 300; // boxes that can be taken in
const LEAST = 8;
const BANDS = 40;
const OPENED = 200; // members of one group that are shown at once
const ORDER = ["failed", "running", "waiting", "cancelled", "blocked", "tolerated", "succeeded", "skipped", "reused"];

export const isGroup = (name: string) => name.startsWith("group:");
export const inGroup = (name: string) => name.slice("group:".length);

/** How deep each step lies: the longest way to it. Steps come after those they wait for. */
export function depths(whole: { boxes: { name: string }[]; edges: [string, string][] }): Map<string, number> {
  const above = new Map<string, string[]>();
  for (const [from, to] of whole.edges) {
    const there = above.get(to);
    if (there) there.push(from);
    else above.set(to, [from]);
  }
  const found = new Map<string, number>();
  for (const one of whole.boxes) found.set(one.name, Math.max(-1, ...(above.get(one.name) ?? []).map((other) => found.get(other) ?? 0)) + 1);
  return found;
}

/** The group of each step at a level; "" where it stands alone. */
function families(whole: Drawn, level: number): Map<string, string> {
  const deep = level === 3 ? depths(whole) : undefined;
  const band = deep ? Math.max(1, Math.ceil((Math.max(...deep.values()) + 1) / BANDS)) : 1;
  const found = new Map<string, string>();
  const many = new Map<string, number>();
  for (const one of whole.boxes) {
    let family = "";
    if (level === 1) family = one.name.replace(/\d+(?!.*\d)/, "*");
    else if (level === 2) family = one.name.replace(/\d+/g, "*");
    else if (deep) {
      const at = Math.floor((deep.get(one.name) ?? 0) / band) * band;
      family = `${one.kind}, depth ${at}${band > 1 ? `–${at + band - 1}` : ""}`;
    }
    found.set(one.name, family);
    many.set(family, (many.get(family) ?? 0) + 1);
  }
  for (const [name, family] of found) if ((many.get(family) ?? 0) < 2) found.set(name, "");
  return found;
}

/** The level at which a graph can be taken in. */
export function fitting(whole: Drawn): number {
  if (whole.boxes.length <= MOST) return 0;
  for (const level of [1, 2]) {
    const held = families(whole, level);
    const many = new Set(held.values()).size - 1 + [...held.values()].filter((one) => !one).length;
    if (many >= LEAST && many <= MOST) return level;
  }
  return 3;
}

/** The graph with groups for what is not open, chosen or looked for. */
export function collapsed(whole: Drawn, level: number, open: Set<string>, shown: Set<string>): Drawn {
  if (!level) return whole;
  const held = families(whole, level);
  const place = new Map<string, string>();
  const members = new Map<string, Box[]>();
  const opened = new Map<string, number>();
  for (const one of whole.boxes) {
    const family = held.get(one.name) ?? "";
    const already = opened.get(family) ?? 0;
    const alone = !family || shown.has(one.name) || (open.has(family) && already < OPENED);
    if (alone && family) opened.set(family, already + 1);
    const name = alone ? one.name : `group:${family}`;
    place.set(one.name, name);
    const there = members.get(name);
    if (there) there.push(one);
    else members.set(name, [one]);
  }
  const boxes = [...members].map(([name, all]) => {
    const first = all[0] as Box;
    return isGroup(name) ? together(name, all) : first;
  });
  const edges = new Map<string, [string, string]>();
  for (const [from, to] of whole.edges) {
    const [one, other] = [place.get(from) ?? from, place.get(to) ?? to];
    if (one !== other) edges.set(`${one}\n${other}`, [one, other]);
  }
  return { boxes, edges: [...edges.values()] };
}

function together(name: string, all: Box[]): Box {
  const kinds = new Set(all.map((one) => one.kind));
  const states = new Set(all.map((one) => one.status));
  const done = all.filter((one) => ["succeeded", "reused", "skipped"].includes(one.status)).length;
  return {
    name, kind: kinds.size === 1 ? ([...kinds][0] ?? "step") : "step", status: ORDER.find((one) => states.has(one)) ?? "blocked",
    seconds: all.reduce((sum, one) => sum + one.seconds, 0), rowsIn: null, rowsOut: null,
    verdict: worst(all.map((one) => one.verdict).filter((one): one is Verdict => Boolean(one))), probes: all.reduce((sum, one) => sum + one.probes, 0),
    progress: states.has("running") ? done / all.length : null, many: all.length,
  };
}
