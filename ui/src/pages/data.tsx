// Sources, what they declare, and where their rows went.
import { useMemo } from "react";
import { useApi } from "../api";
import { Declared, Link, Section, Ticked, Trouble, Wait } from "../parts/small";
import { Flow } from "../parts/flow";
import { href } from "../route";
import type { Graph, Outline, Rows } from "../types";
import { count, plural } from "../words";

export function Data({ run }: { run: string }) {
  const graph = useApi<Graph>(`/runs/${encodeURIComponent(run)}/graph`);
  const rows = useApi<Rows>(`/runs/${encodeURIComponent(run)}/rows`);
  const about = useApi<Outline>(`/runs/${encodeURIComponent(run)}/outline`);
  const many = useMemo(() => new Map(about.data?.steps.flatMap((one) => Object.entries(one.outputs)).flatMap(([name, rows]) => (rows === null ? [] : [[name, rows] as const]))), [about.data]);
  if (graph.error) return <Trouble error={graph.error} />;
  if (!graph.data) return <Wait what="the sources" />;
  const sources = graph.data.nodes.filter((one) => one.kind === "source");
  const known = rows.data?.accounts.filter((one) => one.method !== "unknown") ?? [];
  return (
    <>
      <h1>Data</h1>
      <div className="grid wide">
        {sources.map((one) => (
          <div key={one.step} className="card">
            <h3><Link to={href(["run", run, "artifact", one.step])}>{one.step}</Link></h3>
            <p><code>{one.where}</code></p>
            {one.contract ? <Declared of={one.contract} /> : <p className="soft">It declares nothing of its rows: give <code>key=</code> and <code>time=</code> to <code>@ps.source</code>.</p>}
          </div>
        ))}
        {!sources.length && <p className="soft">The pipeline has no <code>@ps.source</code>.</p>}
      </div>
      {rows.error && <Trouble error={rows.error} />}
      {!rows.data && !rows.error && <Wait what="the rows" />}
      {rows.data && (
        <>
          <Section title="Where the rows went"><Flow accounts={known} graph={graph.data} run={run} known={many} /></Section>
          <Section title="Step by step">
            <div className="scroll"><table>
              <thead><tr><th>step</th><th>input</th><th className="num">in</th><th className="num">kept</th><th className="num">dropped</th><th className="num">multiplied</th><th className="num">new</th><th>why dropped</th></tr></thead>
              <tbody>{rows.data.accounts.map((one) => (
                <tr key={`${one.step}/${one.input}`}>
                  <td><Link to={href(["run", run, "graph"], { step: one.step })}>{one.step}</Link></td><td>{one.artifact}{!one.main && <span className="soft"> looked up</span>}</td><td className="num">{count(one.rows_in)}</td>
                  {one.method === "unknown" ? <td colSpan={5} className="soft"><Ticked text={one.how} /></td> : (
                    <>
                      <td className="num">{count(one.kept)}</td><td className={`num ${one.dropped ? "warn" : ""}`}>{count(one.dropped)}</td><td className="num">{count(one.multiplied)}</td><td className="num">{count(one.new)}</td>
                      <td className="why">{one.reasons.map((reason) => <div key={reason.what}>{count(reason.rows)}: <Ticked text={reason.what} /></div>)}{one.examples.length > 0 && <div className="soft">{one.examples.slice(0, 3).map((key) => <span key={key}><Link to={href(["run", run, "row"], { key })}>{key}</Link> </span>)}</div>}</td>
                    </>
                  )}
                </tr>
              ))}</tbody>
            </table></div>
            {!rows.data.accounts.length && <p className="soft">{plural(0, "step")} took rows of a table.</p>}
          </Section>
        </>
      )}
    </>
  );
}
