// Steps over time, one bar each, and the chain of steps that the end of the run waited for.
import { Fragment } from "react";
import type { Run, Step } from "../types";
import { bytes, seconds } from "../words";
import { glyph } from "./small";

/** The critical path: from the step that ended last, back to whichever parent ended last. */
export function critical(steps: Step[], edges: { source: string; target: string }[]): Set<string> {
  const ends = new Map<string, number>();
  for (const one of steps) if (one.started && one.status !== "reused" && !one.parent) ends.set(one.step, Date.parse(one.started) + one.seconds * 1000);
  const found = new Set<string>();
  let here = [...ends].reduce<string>((last, [name, end]) => (end > (ends.get(last) ?? -1) ? name : last), "");
  while (here && !found.has(here)) {
    found.add(here);
    const parents = edges.filter((one) => one.target === here && ends.has(one.source)).map((one) => one.source);
    here = parents.reduce<string>((last, one) => ((ends.get(one) ?? 0) > (ends.get(last) ?? -1) ? one : last), "");
  }
  return found;
}

const MOST = 300;

export function Gantt({ run, path, onChoose }: { run: Run; path: Set<string>; onChoose: (step: string) => void }) {
  const ran = run.steps.filter((one) => one.started && one.status !== "reused");
  if (!ran.length) return <p className="soft">Nothing ran: every step was reused.</p>;
  const start = Math.min(...ran.map((one) => Date.parse(one.started ?? "")));
  const length = (one: Step) => (one.underway?.elapsed ?? one.seconds) * 1000;
  const end = Math.max(...ran.map((one) => Date.parse(one.started ?? "") + length(one)), start + 1);
  const shown = ran.length > MOST ? [...ran].sort((one, other) => length(other) - length(one)).slice(0, MOST) : ran;
  shown.sort((one, other) => Date.parse(one.started ?? "") - Date.parse(other.started ?? ""));
  return (
    <>
      <div className="gantt" role="list">
        {shown.map((one) => {
          const from = ((Date.parse(one.started ?? "") - start) / (end - start)) * 100;
          const wide = (length(one) / (end - start)) * 100;
          return (
            <Fragment key={one.step}>
              <button type="button" role="listitem" className="gantt-row" onClick={() => onChoose(one.step)} title={`${one.step}: ${seconds(length(one) / 1000)}, ${bytes(one.peak_memory)} at most; click for the log`}>
                <span className="gantt-name">{glyph(one.status)} {one.step}</span>
                <span className="gantt-track"><span className={`gantt-bar is-${one.status} ${path.has(one.step) ? "critical" : ""}`} style={{ marginLeft: `${from}%`, width: `${Math.max(wide, 0.3)}%` }} /></span>
                <span className="gantt-time">{seconds(length(one) / 1000)}</span>
              </button>
            </Fragment>
          );
        })}
      </div>
      <p className="ends"><span>0 s</span><span>{seconds((end - start) / 1000)}</span></p>
      {ran.length > MOST && <p className="soft">The {MOST} longest of {ran.length} steps.</p>}
    </>
  );
}
