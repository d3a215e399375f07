// Two runs held against each other.
import { useApi } from "../api";
import { Badge, Command, Link, Reasons, Section, Trouble, Wait } from "../parts/small";
import { go, href, useRoute, withQuery } from "../route";
import type { Diff, RunLine } from "../types";
import { cell, count, number, plural, seconds } from "../words";
import { Figure } from "./pipeline";

export function Compare({ before, after }: { before: string; after: string }) {
  const { query } = useRoute();
  const deep = query.get("data") === "yes";
  const { data, error } = useApi<Diff>(`/diff/${encodeURIComponent(before)}/${encodeURIComponent(after)}${deep ? "?data=true" : ""}`);
  const runs = useApi<{ runs: RunLine[] }>("/runs?limit=1000");
  if (error) return <Trouble error={error} />;
  if (!data) return <Wait what="the differences" />;
  const pick = (which: "before" | "after", chosen: string) => (
    <select aria-label={which === "before" ? "Baseline" : "Against it"} value={which === "before" ? data.before.run : data.after.run}
      onChange={(event) => go(which === "before" ? href(["compare", event.target.value, after]) : href(["compare", before, event.target.value]))}>
      {(runs.data?.runs ?? [data.before, data.after]).map((one) => <option key={one.run} value={one.run}>{one.name || one.run}{one.run === chosen ? "" : ""}</option>)}
    </select>
  );
  const changed = data.steps.filter((one) => one.state !== "equal");
  const artifacts = data.artifacts.filter((one) => one.state !== "equal");
  return (
    <>
      <h1>Two runs</h1>
      <div className="bar">{pick("before", data.before.run)} <span>→</span> {pick("after", data.after.run)} <Link className="button" to={href(["compare", after, before])}>Swap</Link></div>
      <p className="facts"><span><Link to={href(["run", data.before.run])}>{data.before.name || data.before.run}</Link> <Badge of={data.before.status} /> {seconds(data.before.seconds)}</span><span><Link to={href(["run", data.after.run])}>{data.after.name || data.after.run}</Link> <Badge of={data.after.status} /> {seconds(data.after.seconds)}</span></p>
      {data.metrics.length > 0 && (
        <Section title="Metrics"><div className="scroll"><table><thead><tr><th>metric</th><th className="num">before</th><th className="num">after</th><th className="num">moved</th></tr></thead>
          <tbody>{data.metrics.map((one) => <tr key={one.metric}><td><Link to={href(["metric", one.metric])}>{one.metric}</Link></td><td className="num">{number(one.before)}</td><td className="num">{number(one.after)}</td><td className="num">{one.before !== null && one.after !== null ? (one.before === one.after ? "equal" : `${one.after > one.before ? "+" : "−"}${number(Math.abs(one.after - one.before))}`) : ""}</td></tr>)}</tbody></table></div></Section>
      )}
      {data.parameters.length > 0 && (
        <Section title="Parameters"><div className="scroll"><table><tbody>{data.parameters.map((one) => <tr key={`${one.step}.${one.parameter}`}><td>{one.step}.{one.parameter}</td><td><s>{one.before ?? "–"}</s></td><td><strong>{one.after ?? "–"}</strong></td></tr>)}</tbody></table></div></Section>
      )}
      <Section title="Code">{changed.length ? changed.map((one) => <div key={one.step} className="card"><h3>{one.step} <span className="soft">{one.state}</span></h3><Reasons of={one.reasons} /></div>) : <p className="soft">Every step ran the same code.</p>}</Section>
      <Section title="Data" aside={<>{count(data.artifacts.length - artifacts.length)} of {plural(data.artifacts.length, "artifact")} came out equal, digest by digest</>}>
        {artifacts.length > 0 && !deep && <p><Link className="button" to={withQuery({ data: "yes" })}>Look into what differs</Link></p>}
        {artifacts.map((one) => (
          <div key={one.artifact} className="card">
            <h3><Link to={href(["run", data.after.run, "artifact", one.artifact], { against: data.before.run })}>{one.artifact}</Link> <span className="soft">{one.state} {one.why}</span></h3>
            {one.data && (
              <>
                <p className="facts"><span>{one.data.rows.map(count).join(" → ")} rows</span>{one.data.added > 0 && <span>{count(one.data.added)} added</span>}{one.data.gone > 0 && <span>{count(one.data.gone)} gone</span>}{one.data.changed > 0 && <span>{count(one.data.changed)} changed</span>}{one.data.columns_added.length > 0 && <span>columns added: {one.data.columns_added.join(", ")}</span>}{one.data.columns_gone.length > 0 && <span>columns gone: {one.data.columns_gone.join(", ")}</span>}</p>
                <ul className="plain">{one.data.columns.map((column) => <li key={column.column}><code>{column.column}</code> {plural(column.count, "row")} {column.examples.slice(0, 2).map((example, at) => <span key={at} className="soft">{cell(example.row)}: <s>{cell(example.before)}</s> → {cell(example.after)} </span>)}</li>)}</ul>
              </>
            )}
          </div>
        ))}
      </Section>
      {data.figures.filter((one) => one.state !== "equal").map((one) => (
        <Section key={`${one.step}/${one.name}`} title={`${one.step}: ${one.name}`}><div className="pair"><Figure run={data.before.run} step={one.step} name={one.name} type="" /><Figure run={data.after.run} step={one.step} name={one.name} type="" /></div></Section>
      ))}
      {data.environment.length > 0 && <Section title="Environment"><div className="scroll"><table><tbody>{data.environment.map((one) => <tr key={one.package}><td>{one.package}</td><td><s>{one.before || "–"}</s></td><td>{one.after || "–"}</td></tr>)}</tbody></table></div></Section>}
      <Command text={`penstock diff ${data.before.run} ${data.after.run}`} />
    </>
  );
}
