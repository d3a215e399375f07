// One row, followed from its source to its prediction.
import { useEffect, useState } from "react";
import { send, useApi } from "../api";
import { useAllowed } from "../parts/act";
import { Badge, Command, Link, Section, Ticked, Trouble, Wait } from "../parts/small";
import { go, href, useRoute, withQuery } from "../route";
import type { ApiError, Cell, Graph, Json, Stop, Trace } from "../types";
import { cell, number, quoted, short } from "../words";

export function Row({ run }: { run: string }) {
  const { query } = useRoute();
  const key = query.get("key") ?? "";
  const source = query.get("source") ?? "";
  const graph = useApi<Graph>(`/runs/${encodeURIComponent(run)}/graph`);
  const asked = new URLSearchParams({ key, ...(source ? { source } : {}) });
  const { data, error } = useApi<Trace>(key ? `/runs/${encodeURIComponent(run)}/trace?${asked}` : "");
  const [text, setText] = useState(key);
  useEffect(() => setText(key), [key]);
  const sources = graph.data?.nodes.filter((one) => one.kind === "source") ?? [];
  const find = (wanted: string) => go(withQuery({ key: wanted || undefined }));
  return (
    <>
      <h1>Where did this row go?</h1>
      <form className="bar" onSubmit={(event) => { event.preventDefault(); find(text.trim()); }}>
        <input id="search" type="search" className="long" placeholder="The key of a row; several columns joined by /" aria-label="Key of a row" value={text} onChange={(event) => setText(event.target.value)} />
        <select aria-label="Source" value={source} onChange={(event) => go(withQuery({ source: event.target.value || undefined }), true)}>
          <option value="">in every source</option>
          {sources.map((one) => <option key={one.step}>{one.step}</option>)}
        </select>
        <button type="submit">Follow</button>
      </form>
      {!key && <p className="soft">Keys are what the sources declare: {sources.map((one) => <span key={one.step}><Link to={href(["run", run, "artifact", one.step])}>{one.step}</Link>{one.contract?.key ? <> by <code>{String(one.contract.key)}</code></> : ", without a key"}; </span>)} a source's page lists its rows.</p>}
      {error && <Close error={error} onChoose={find} />}
      {key && !data && !error && <Wait what="the way of the row" />}
      {data && key && !error && <Way of={data} run={run} />}
    </>
  );
}

/** An error with the keys that it suggests, as buttons. */
function Close({ error, onChoose }: { error: { kind: string; message: string; where: string; hint: string }; onChoose: (key: string) => void }) {
  const keys = /^(Did you mean|Give one in full:)/.test(error.hint) ? error.hint.replace(/^(Did you mean|Give one in full:)\s*/, "").replace(/[?.]$/, "").split(/ or |, /).map((one) => one.replace(/ \(of `[^`]+`\)$/, "").trim()).filter((one) => one && !one.startsWith("…")) : [];
  return (
    <div className="card trouble" role="alert">
      <strong><Ticked text={error.message} /></strong>
      {keys.length ? <p>Did you mean {keys.slice(0, 12).map((one) => <button key={one} type="button" className="small" onClick={() => onChoose(one)}>{one}</button>)}</p> : error.hint && <p><Ticked text={error.hint} /></p>}
    </div>
  );
}

function Way({ of: trace, run }: { of: Trace; run: string }) {
  const late = trace.features.filter((one) => one.late && !one.label);
  return (
    <>
      <p className="facts lead">
        <span>a row of <strong>{trace.source}</strong></span>
        {trace.asked !== null && <span>asked {cell(trace.asked)}</span>}
        {trace.side && <span>on the side <strong>{trace.side}</strong></span>}
        {trace.dropped_at && <span className="bad">dropped by {trace.dropped_at}</span>}
        {!trace.dropped_at && trace.dropped_by.length > 0 && <span className="warn">dropped by {trace.dropped_by.join(" and ")} on one way, kept in {trace.kept_in.map((one, at) => <span key={one}>{at > 0 && " and "}<Link to={href(["run", run, "artifact", one])}>{one}</Link></span>)}</span>}
        {trace.prediction && <span>predicted <strong>{cell(trace.prediction.value)}</strong>{trace.prediction.label !== null && <>, was <strong>{cell(trace.prediction.label)}</strong></>}{trace.prediction.error !== null && <> (off by {number(Math.abs(trace.prediction.error))})</>} · model <code>{short(trace.prediction.model)}</code></span>}
      </p>
      <ol className="journey">{trace.steps.map((one) => <Station key={one.artifact} stop={one} run={run} />)}</ol>
      {trace.features.length > 0 && (
        <Section title="What the model was shown" aside={<>columns of {trace.table}</>}>
          {late.length > 0 && <p className="bad">{late.map((one) => one.column).join(", ")}: known only after the decision. A model that uses it leaks.</p>}
          <Clock trace={trace} />
          <div className="scroll"><table>
            <thead><tr><th>column</th><th>value</th><th>known</th></tr></thead>
            <tbody>{trace.features.map((one) => (
              <tr key={one.column} className={one.late && !one.label ? "late" : ""}>
                <td>{one.column}</td><td>{cell(one.value)}</td>
                <td>{one.label ? "the label" : one.late ? <span className="bad">⚠ {cell(one.known_at)}, after the decision</span> : one.origin ? (one.known_at === null ? "from the start" : cell(one.known_at)) : <Computed trace={trace} column={one.column} />}</td>
              </tr>
            ))}</tbody>
          </table></div>
        </Section>
      )}
      {trace.advice.map((one) => <p key={one} className="soft"><Ticked text={one} /></p>)}
    </>
  );
}

function Computed({ trace, column }: { trace: Trace; column: string }) {
  const [open, setOpen] = useState(false);
  const allowed = useAllowed();
  return <>computed <button type="button" className="small" aria-expanded={open} onClick={() => setOpen(!open)}>what stands behind it</button>{open && (allowed ? <Behind trace={trace} column={column} /> : null)}{open && <Command text={`penstock trace ${quoted(trace.key)} --cell ${quoted(`${trace.table}.${column}`)} --run ${trace.run}`} />}</>;
}

/** The source rows behind one value; steps are done again to tell, so it is asked for where the page may run things. */
function Behind({ trace, column }: { trace: Trace; column: string }) {
  const [found, setFound] = useState<Cell>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    send<Cell>(`/runs/${encodeURIComponent(trace.run)}/cell`, { key: trace.key, cell: `${trace.table}.${column}`, source: trace.source }).then(setFound, setError);
  }, [trace, column]);
  if (error) return <Trouble error={error} />;
  if (!found) return <Wait what="what stands behind it: steps are done again" />;
  return (
    <div className="card">
      <p>{found.sources.length ? <>{found.exact ? "These rows, and no others," : "These rows"} stand behind <code>{found.cell}</code>:</> : "No source row was found behind it."}</p>
      <ul className="plain">{found.sources.slice(0, 50).map((one) => <li key={`${one.source}/${one.key}`}><Link to={href(["run", found.run, "row"], { key: one.key, source: one.source })}>{one.source} {one.key}</Link> <span className="soft">{one.columns.join(", ")}</span></li>)}</ul>
      {found.sources.length > 50 && <p className="soft">and {found.sources.length - 50} more</p>}
      {found.why && <p className="soft"><Ticked text={found.why} /></p>}
    </div>
  );
}

function Station({ stop, run }: { stop: Stop; run: string }) {
  const changed = Object.entries(stop.changed);
  const fresh = stop.new.filter((name) => name in stop.values);
  const [open, setOpen] = useState(false);
  const quiet = stop.state === "absent";
  return (
    <li className={`station is-${stop.state}`}>
      <div className="station-head">
        <Badge of={stop.state} /> <Link to={href(["run", run, "artifact", stop.artifact])}>{stop.artifact}</Link>
        <span className="soft">{stop.kind}{stop.role && ` · ${stop.role}`}</span>
        {stop.state === "multiplied" && <strong>became {stop.rows} rows</strong>}
        {stop.where && (stop.state === "dropped" || changed.length > 0) && <code>{stop.where}</code>}
      </div>
      {stop.reason && <p className={stop.state === "dropped" ? "" : "soft"}><Ticked text={stop.reason} /></p>}
      {!quiet && changed.length > 0 && <ul className="plain">{changed.map(([name, pair]) => <li key={name}><code>{name}</code> <s>{cell(pair[0] ?? null)}</s> → <strong>{cell(pair[1] ?? null)}</strong></li>)}</ul>}
      {!quiet && fresh.length > 0 && <p className="values">{fresh.slice(0, open ? undefined : 8).map((name) => <span key={name}><span className="soft">{name}</span> {cell(stop.values[name] as Json)}</span>)}{fresh.length > 8 && <button type="button" className="small" onClick={() => setOpen(!open)}>{open ? "fewer" : `${fresh.length - 8} more`}</button>}</p>}
      {!quiet && !changed.length && !fresh.length && stop.state === "present" && !stop.reason && Object.keys(stop.values).length > 0 && (stop.kind === "source"
        ? <p className="values">{Object.entries(stop.values).slice(0, open ? undefined : 8).map(([name, value]) => <span key={name}><span className="soft">{name}</span> {cell(value)}</span>)}{Object.keys(stop.values).length > 8 && <button type="button" className="small" onClick={() => setOpen(!open)}>{open ? "fewer" : `${Object.keys(stop.values).length - 8} more`}</button>}</p>
        : <p className="soft">unchanged</p>)}
    </li>
  );
}

/** The decision, and when each value that has a clock became known, on one line. */
function Clock({ trace }: { trace: Trace }) {
  const asked = typeof trace.asked === "string" ? Date.parse(trace.asked) : Number.NaN;
  const points = [...trace.features].sort((one, other) => Number(other.label) - Number(one.label)).filter((one) => typeof one.known_at === "string").map((one) => ({ ...one, time: Date.parse(one.known_at as string) })).filter((one) => Number.isFinite(one.time));
  if (!Number.isFinite(asked) || !points.length) return null;
  const low = Math.min(asked, ...points.map((one) => one.time));
  const high = Math.max(asked, ...points.map((one) => one.time));
  const room = Math.max(high - low, 1);
  const x = (time: number) => 40 + ((time - low) / room) * 620;
  return (
    <div className="scroll"><svg viewBox="0 0 700 70" width={700} height={70} role="img" aria-label="When each value became known, against the decision">
      <line x1={30} x2={670} y1={40} y2={40} className="axis" />
      <line x1={x(asked)} x2={x(asked)} y1={14} y2={56} className="decision" />
      <text x={x(asked)} y={10} textAnchor={x(asked) > 500 ? "end" : x(asked) < 200 ? "start" : "middle"}>asked {cell(trace.asked)}</text>
      {points.map((one) => <circle key={one.column} cx={x(one.time)} cy={40} r={5} className={one.label ? "dot label-dot" : one.late ? "dot late-dot" : "dot"}><title>{`${one.column}: known ${cell(one.known_at)}`}</title></circle>)}
      <text x={40} y={66} className="faint">before</text><text x={660} y={66} textAnchor="end" className="faint">after</text>
    </svg></div>
  );
}
