// Histograms and frequent values of a column, as small drawings of our own.
import type { ColumnProfile } from "../types";
import { cell, count, number, plural } from "../words";
import { Section } from "./small";

export function ColumnCard({ of: column, rows, looked, against }: { of: ColumnProfile; rows: number; looked: number; against: string }) {
  const most = Math.max(1, ...column.bins.map((one) => Math.max(one.count, one.against ?? 0)), ...column.top.map((one) => Math.max(one.count, one.against ?? 0)));
  const wide = column.bins.length ? 200 / column.bins.length : 0;
  return (
    <div className="card column">
      <h3 title={column.column}>{column.column}</h3>
      <p className="soft">
        {column.type} · {column.nulls ? <span className={column.nulls === rows ? "bad" : "warn"}>{plural(column.nulls, "missing value")}</span> : "none missing"}
        {column.distinct !== null && <> · {count(column.distinct)} distinct{looked < rows ? " seen" : ""}</>}
      </p>
      {column.bins.length > 0 && (
        <>
          <svg viewBox="0 0 200 60" className="bars" role="img" aria-label={`Histogram of ${column.column}: from ${cell(column.least)} to ${cell(column.greatest)}`}>
            {column.bins.map((one, at) => (
              <g key={at}>
                <title>{`${cell(one.low)} – ${cell(one.high)}: ${count(one.count)}${one.against !== null ? `, there ${count(one.against)}` : ""}`}</title>
                <rect x={at * wide} y={60 - (one.count / most) * 58} width={Math.max(wide - 1, 1)} height={(one.count / most) * 58} className="bar" />
                {one.against !== null && <rect x={at * wide} y={60 - (one.against / most) * 58} width={Math.max(wide - 1, 1)} height={(one.against / most) * 58} className="bar other" />}
              </g>
            ))}
          </svg>
          <p className="ends"><span>{cell(column.least)}</span><span>{cell(column.greatest)}</span></p>
          {column.mean !== null && <p className="soft">mean {number(column.mean)}</p>}
        </>
      )}
      {column.top.length > 0 && (
        <ul className="top">
          {column.top.slice(0, 6).map((one, at) => (
            <li key={at}>
              <span className="share" style={{ width: `${(one.count / most) * 100}%` }} />
              <span className="value" title={cell(one.value)}>{cell(one.value)}</span>
              <span className="soft">{count(one.count)}{one.against !== null && ` / ${count(one.against)}`}</span>
            </li>
          ))}
        </ul>
      )}
      {against && column.drift !== null && (
        <p className={column.drift > 0.25 ? "bad" : column.drift > 0.1 ? "warn" : "soft"} title="Population stability index: below 0.1 alike, above 0.25 moved much">
          drift {column.drift.toFixed(3)}
        </p>
      )}
    </div>
  );
}

/** What a model makes of its features, as bars; the most telling first. */
export function Importances({ of, by }: { of: [string, number][]; by: string }) {
  const most = Math.max(...of.map(([, value]) => Math.abs(value)), Number.MIN_VALUE);
  return (
    <Section title="What the model makes of its features" aside={by}>
      <ul className="top importances">{of.map(([name, value]) => <li key={name}><span className="share" style={{ width: `${(Math.abs(value) / most) * 100}%` }} /><span className="value" title={name}>{name}</span><span className="soft">{number(value)}</span></li>)}</ul>
    </Section>
  );
}
