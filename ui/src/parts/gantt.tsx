// Steps over time, one bar each, and the chain of steps that the end of the run waited for.
import { Fragment } from "react";
import type { Outline, OutlineStep } from "../types";
import { bytes, seconds } from "../words";
import { useGrowing } from "./later";
import { glyph } from "./small";

/** The critical path: from the step that ended last, back to whichever parent ended last. */
export function critical(steps: OutlineStep[], edges: { source: string; target: string }[]): Set<string> {
  const ends = new Map<string, number>();
  for (const one of steps) if (one.started !== null && one.status !== "reused" && !one.parent) ends.set(one.step, one.started + one.seconds);
  const found = new Set<string>();
  const above = new Map<string, string[]>();
  for (const one of edges) {
    const there = above.get(one.target);
    if (there) there.push(one.source);
    else above.set(one.target, [one.source]);
  }
  let here = [...ends].reduce<string>((last, [name, end]) => (end > (ends.get(last) ?? -1) ? name : last), "");
  while (here && !found.has(here)) {
    found.add(here);
    const parents: string[] = (above.get(here) ?? []).filter((one) => ends.has(one));
    here = parents.reduce<string>((last, one) => ((ends.get(one) ?? 0) > (ends.get(last) ?? -1) ? one : last), "");
  }
  return found;
}

const MOST = 150;
const AT_ONCE = 40;

export function Gantt({ run, path, onChoose }: { run: Outline; path: Set<string>; onChoose: (step: string) => void }) {
  const ran = run.steps.filter((one) => one.started !== null && one.status !== "reused");
  const drawn = useGrowing(Math.min(ran.length, MOST), AT_ONCE, run.run);
  if (!ran.length) return <p className="soft">Nothing ran: every step was reused.</p>;
  const start = ran.reduce((least, one) => Math.min(least, one.started ?? 0), Number.POSITIVE_INFINITY);
  const end = ran.reduce((most, one) => Math.max(most, (one.started ?? 0) + one.seconds), start + 0.001);
  const shown = ran.length > MOST ? [...ran].sort((one, other) => Number(path.has(other.step)) - Number(path.has(one.step)) || other.seconds - one.seconds).slice(0, MOST) : ran;
  shown.sort((one, other) => (one.started ?? 0) - (other.started ?? 0));
  return (
    <>
      <div className="gantt" role="list">
        {shown.slice(0, drawn).map((one) => {
          const from = (((one.started ?? 0) - start) / (end - start)) * 100;
          const wide = (one.seconds / (end - start)) * 100;
          return (
            <Fragment key={one.step}>
              <button type="button" role="listitem" className="gantt-row" onClick={() => onChoose(one.step)} title={`${one.step}: ${seconds(one.seconds)}, ${bytes(one.peak_memory)} at most; click for the log`}>
                <span className="gantt-name">{glyph(one.status)} {one.step}</span>
                <span className="gantt-track"><span className={`gantt-bar is-${one.status} ${path.has(one.step) ? "critical" : ""}`} style={{ marginLeft: `${from}%`, width: `${Math.max(wide, 0.3)}%` }} /></span>
                <span className="gantt-time">{seconds(one.seconds)}</span>
              </button>
            </Fragment>
          );
        })}
      </div>
      <p className="ends"><span>0 s</span><span>{seconds(end - start)}</span></p>
      {ran.length > MOST && <p className="soft">The {MOST} longest of {ran.length.toLocaleString("en-GB")} steps, and those of the critical path before others.</p>}
    </>
  );
}
