// A metric over runs.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import { useApi } from "../api";
import { Badge, Link, Trouble, Wait } from "../parts/small";
import { href } from "../route";
import type { Status } from "../types";
import { at, number } from "../words";

interface History { metric: string; points: { run: string; name: string; status: Status; started: string; value: number | null }[] }

export function Metric({ name }: { name: string }) {
  const { data, error } = useApi<History>(`/metrics/${encodeURIComponent(name)}?limit=1000`);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!data || !box.current) return;
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--ink").trim();
    const chart = new uPlot({
      width: Math.max(box.current.clientWidth, 280), height: 280, legend: { show: false },
      axes: [{ stroke: ink, grid: { stroke: style.getPropertyValue("--line").trim() } }, { stroke: ink, grid: { stroke: style.getPropertyValue("--line").trim() }, size: 70 }],
      series: [{}, { label: data.metric, stroke: style.getPropertyValue("--accent").trim(), width: 2, points: { show: true, size: 6 } }],
    }, [data.points.map((one) => Date.parse(one.started) / 1000), data.points.map((one) => one.value)], box.current);
    const resize = new ResizeObserver(([entry]) => entry && chart.setSize({ width: Math.max(entry.contentRect.width, 280), height: 280 }));
    resize.observe(box.current);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [data]);
  if (error) return <Trouble error={error} />;
  if (!data) return <Wait what="the metric" />;
  return (
    <>
      <h1>{data.metric}</h1>
      <div ref={box} role="img" aria-label={`${data.metric} over ${data.points.length} runs`} />
      <div className="scroll"><table>
        <thead><tr><th>run</th><th>status</th><th>started</th><th className="num">{data.metric}</th></tr></thead>
        <tbody>{[...data.points].reverse().map((one) => <tr key={one.run}><td><Link to={href(["run", one.run])}>{one.name || one.run}</Link></td><td><Badge of={one.status} /></td><td>{at(one.started)}</td><td className="num">{number(one.value)}</td></tr>)}</tbody>
      </table></div>
    </>
  );
}
