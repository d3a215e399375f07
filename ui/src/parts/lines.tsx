// Runs across their metrics: parallel coordinates.
import type { RunLine } from "../types";
import { number } from "../words";

export function Lines({ runs, metrics }: { runs: RunLine[]; metrics: string[] }) {
  const wide = 150;
  const ends = metrics.map((name) => {
    const values = runs.map((run) => run.metrics[name]).filter((one): one is number => typeof one === "number");
    return [Math.min(...values), Math.max(...values)] as const;
  });
  const y = (value: number, at: number) => {
    const [low, high] = ends[at] ?? [0, 1];
    return high > low ? 130 - ((value - low) / (high - low)) * 105 : 78;
  };
  return (
    <figure className="scroll">
      <svg viewBox={`0 0 ${wide * metrics.length} 165`} width={wide * metrics.length} height={165} role="img" aria-label="Metrics of the chosen runs">
        {metrics.map((name, at) => (
          <g key={name} transform={`translate(${at * wide + wide / 2},0)`}>
            <line y1={25} y2={130} className="axis" />
            <text y={12} textAnchor="middle">{name.length > 22 ? `…${name.slice(-21)}` : name}</text>
            <text y={145} textAnchor="middle" className="faint">{number(ends[at]?.[0])}</text>
            <text y={22} textAnchor="middle" className="faint" dy={0} />
            <text y={160} textAnchor="middle" className="faint">to {number(ends[at]?.[1])}</text>
          </g>
        ))}
        {runs.map((run, index) => {
          const points = metrics.map((name, at) => [at, run.metrics[name]] as const).filter((one): one is readonly [number, number] => typeof one[1] === "number");
          return (
            <g key={run.run} className={`line-${index % 8}`}>
              <title>{run.name || run.run}</title>
              <polyline points={points.map(([at, value]) => `${at * wide + wide / 2},${y(value, at)}`).join(" ")} fill="none" />
              {points.map(([at, value]) => <circle key={at} cx={at * wide + wide / 2} cy={y(value, at)} r={3} />)}
            </g>
          );
        })}
      </svg>
      <figcaption className="soft">{runs.map((run, index) => <span key={run.run} className={`key line-${index % 8}`}>— {run.name || run.run} </span>)}</figcaption>
    </figure>
  );
}
