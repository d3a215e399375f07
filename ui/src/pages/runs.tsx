// All runs, with filters; choose some to hold them side by side.
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { useAllowed } from "../parts/act";
import { Badge, Command, Link, Trouble, Wait } from "../parts/small";
import { Lines } from "../parts/lines";
import { go, href, useRoute, withQuery } from "../route";
import type { RunLine } from "../types";
import { ago, number, seconds } from "../words";

const SHOWN = 6; // metrics that have a column

export function Runs() {
  const { query } = useRoute();
  const { data, error } = useApi<{ runs: RunLine[] }>("/runs?limit=1000");
  const wanted = (query.get("find") ?? "").toLowerCase();
  const status = query.get("status") ?? "";
  const [most, setMost] = useState(100);
  const chosen = useMemo(() => (query.get("chosen") ?? "").split(",").filter(Boolean), [query]);
  if (error) return error.kind === "NotFound" ? <Empty /> : <Trouble error={error} />;
  if (!data) return <Wait what="runs" />;
  if (!data.runs.length) return <Empty />;
  const many = new Map<string, number>();
  for (const run of data.runs) for (const name of Object.keys(run.metrics)) many.set(name, (many.get(name) ?? 0) + 1);
  const metrics = [...many].sort((one, other) => other[1] - one[1]).slice(0, SHOWN).map(([name]) => name);
  const held = data.runs.filter((run) =>
    (!status || run.status === status) && (!wanted || [run.run, run.name, run.pipeline, ...run.tags].some((one) => one.toLowerCase().includes(wanted))));
  const toggle = (run: string) => {
    const next = chosen.includes(run) ? chosen.filter((one) => one !== run) : [...chosen, run];
    go(withQuery({ chosen: next.join(",") || undefined }), true);
  };
  const some = data.runs.filter((run) => chosen.includes(run.run));
  return (
    <>
      <h1>Runs</h1>
      <div className="bar">
        <input id="search" type="search" placeholder="Find by id, name, tag or pipeline ( / )" aria-label="Find runs" value={query.get("find") ?? ""} onChange={(event) => go(withQuery({ find: event.target.value || undefined }), true)} />
        <select aria-label="Status" value={status} onChange={(event) => go(withQuery({ status: event.target.value || undefined }), true)}>
          <option value="">every status</option>
          {["succeeded", "failed", "running", "cancelled", "waiting"].map((one) => <option key={one}>{one}</option>)}
        </select>
        {chosen.length === 2 && <Link className="button" to={href(["compare", chosen[1] ?? "", chosen[0] ?? ""])}>Compare the two</Link>}
        {chosen.length === 1 && <span className="soft">choose another to compare</span>}
        {chosen.length > 2 && <span className="soft">{chosen.length} chosen, drawn below</span>}
      </div>
      {some.length > 1 && metrics.length > 1 && <Lines runs={some} metrics={metrics} />}
      <div className="scroll">
        <table>
          <thead><tr><th><span className="hidden">chosen</span></th><th>run</th><th>status</th><th>when</th><th className="num">took</th>{metrics.map((one) => <th key={one} className="num">{one}</th>)}</tr></thead>
          <tbody>
            {held.slice(0, most).map((run) => (
              <tr key={run.run}>
                <td><input type="checkbox" aria-label={`Choose run ${run.run}`} checked={chosen.includes(run.run)} onChange={() => toggle(run.run)} /></td>
                <td><Link to={href(["run", run.run])}>{run.name || run.run}</Link> {run.name && <span className="soft">{run.run}</span>} {run.tags.map((one) => <span key={one} className="label">#{one}</span>)}<div className="soft">{run.pipeline}</div></td>
                <td><Badge of={run.status} /></td>
                <td title={run.started}>{ago(run.started)}</td>
                <td className="num">{seconds(run.seconds)}</td>
                {metrics.map((one) => <td key={one} className="num">{number(run.metrics[one])}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {held.length > most && <p className="soft">The newest {most} of {held.length}. <button type="button" className="small" onClick={() => setMost(most + 400)}>Show more</button></p>}
      {!held.length && <p className="soft">No run is like that.</p>}
    </>
  );
}

function Empty() {
  const allowed = useAllowed();
  return <div className="card"><h1>Nothing has run here yet</h1><p>Run the pipeline{allowed && <>, with the button <strong>Run …</strong> above or in a terminal</>}, and this page fills by itself:</p><Command text="penstock run" /></div>;
}
