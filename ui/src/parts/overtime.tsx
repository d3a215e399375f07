// What a run used and measured over time.
import { useMemo } from "react";
import { useApi } from "../api";
import { bytes, number } from "../words";
import Chart from "./chart";
import { Section } from "./small";

interface Series { resources: { at: number; cpu: number; memory: number }[]; series: { step: string; name: string; points: [number, number | null][] }[] }

export default function OverTime({ run }: { run: string }) {
  const { data } = useApi<Series>(`/runs/${encodeURIComponent(run)}/series`);
  const used = useMemo(() => data && { x: data.resources.map((one) => one.at), cpu: [{ label: "processors", values: data.resources.map((one) => one.cpu) }], memory: [{ label: "memory", values: data.resources.map((one) => one.memory), colour: "--good" }] }, [data]);
  const drawn = useMemo(() => data?.series.map((one) => ({ called: `${one.step}.${one.name}`, last: one.points.at(-1)?.[1] ?? null, x: one.points.map((point) => point[0]), lines: [{ label: one.name, values: one.points.map((point) => point[1]) }] })), [data]);
  if (!data || !used || !drawn) return null;
  return (
    <>
      {drawn.length > 0 && <Section title="Series"><div className="grid charts">{drawn.slice(0, 24).map((one) => <div key={one.called} className="card"><h3>{one.called} <span className="soft">{number(one.last)}</span></h3><Chart x={one.x} lines={one.lines} high={170} label={`${one.called}: ${one.x.length} points`} /></div>)}</div></Section>}
      {used.x.length > 1 && <Section title="Resources" aside="of all steps together, as they were sampled"><div className="grid charts"><div className="card"><h3>Processors in use</h3><Chart x={used.x} lines={used.cpu} high={150} label="Processors in use over the run" /></div><div className="card"><h3>Memory</h3><Chart x={used.x} lines={used.memory} high={150} shown={bytes} label="Memory over the run" /></div></div></Section>}
    </>
  );
}

