// A metric over runs.
import { useMemo } from "react";
import { useApi } from "../api";
import Chart from "../parts/chart";
import { Badge, Link, Trouble, Wait } from "../parts/small";
import { href } from "../route";
import type { Status } from "../types";
import { at, number } from "../words";

interface History { metric: string; points: { run: string; name: string; status: Status; started: string; value: number | null }[] }

export function Metric({ name }: { name: string }) {
  const { data, error } = useApi<History>(`/metrics/${encodeURIComponent(name)}?limit=1000`);
  const drawn = useMemo(() => data && { x: data.points.map((one) => Date.parse(one.started) / 1000), lines: [{ label: data.metric, values: data.points.map((one) => one.value) }] }, [data]);
  if (error) return <Trouble error={error} />;
  if (!data || !drawn) return <Wait what="the metric" />;
  return (
    <>
      <h1>{data.metric}</h1>
      <Chart {...drawn} dated high={280} label={`${data.metric} over ${data.points.length} runs`} />
      <div className="scroll"><table>
        <thead><tr><th>run</th><th>status</th><th>started</th><th className="num">{data.metric}</th></tr></thead>
        <tbody>{[...data.points].reverse().map((one) => <tr key={one.run}><td><Link to={href(["run", one.run])}>{one.name || one.run}</Link></td><td><Badge of={one.status} /></td><td>{at(one.started)}</td><td className="num">{number(one.value)}</td></tr>)}</tbody>
      </table></div>
    </>
  );
}
