// Lines over time, drawn by uPlot; loaded when something is to be drawn.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";

export interface Line { label: string; values: (number | null)[]; colour?: string }

export default function Chart({ x, lines, label, dated, high = 200, shown }: { x: number[]; lines: Line[]; label: string; dated?: boolean; high?: number; shown?: (value: number) => string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const grid = { stroke: colour("--ink"), grid: { stroke: colour("--line") } };
    const chart = new uPlot({
      width: Math.max(box.current.clientWidth, 240), height: high, legend: { show: lines.length > 1 },
      scales: { x: { time: Boolean(dated) } },
      axes: [{ ...grid, ...(dated ? {} : { values: (_: uPlot, all: number[]) => all.map((one) => `${one}`) }) }, { ...grid, size: 70, ...(shown ? { values: (_: uPlot, all: number[]) => all.map(shown) } : {}) }],
      series: [{}, ...lines.map((one) => ({ label: one.label, stroke: colour(one.colour ?? "--accent"), width: 2, points: { show: x.length < 60, size: 5 } }))],
    }, [x, ...lines.map((one) => one.values)], box.current);
    const resize = new ResizeObserver(([entry]) => entry && chart.setSize({ width: Math.max(entry.contentRect.width, 240), height: high }));
    resize.observe(box.current);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [x, lines, high, dated, shown]);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}
