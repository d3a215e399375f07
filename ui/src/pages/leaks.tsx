// What checks found: the worst first, each with its counter-example drawn.
import { useApi } from "../api";
import { Badge, Command, Link, Section, Ticked, Trouble, Wait, worst } from "../parts/small";
import { go, href, useRoute, withQuery } from "../route";
import type { Check, Finding, Run } from "../types";
import { cell, plural } from "../words";

const ORDER = ["PROVEN", "SUSPECT", "UNKNOWN", "CLEAN"];
const GRADES = ["high", "medium", "low", ""];

export function Leaks({ run: name }: { run: string }) {
  const { data: run, error } = useApi<Run>(`/runs/${encodeURIComponent(name)}?troubled=true`);
  const { query } = useRoute();
  if (error) return <Trouble error={error} />;
  if (!run) return <Wait what="the checks" />;
  const { findings, checks } = run.checks;
  const only = query.get("check") ?? "";
  const verdict = worst(checks.map((one) => one.verdict));
  const shown = findings.filter((one) => !only || one.check === only).sort((one, other) =>
    ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict) || GRADES.indexOf(one.severity) - GRADES.indexOf(other.severity));
  const open = shown.filter((one) => !one.waived);
  const waived = shown.filter((one) => one.waived);
  return (
    <>
      <h1>Leaks {verdict && <Badge of={verdict} />}</h1>
      {!checks.length && <div className="card"><p>No check has judged this run yet. Checks do steps again on altered worlds, and prove what leaks:</p><Command text="penstock check" /></div>}
      {checks.length > 0 && (
        <p className="facts"><span>{plural(checks.length, "check")}</span>{ORDER.map((one) => { const many = checks.filter((check) => check.verdict === one).length; return many > 0 && <span key={one}><Badge of={one}>{many} {one}</Badge></span>; })}</p>
      )}
      {findings.length > 0 && (
        <div className="bar"><select aria-label="Check" value={only} onChange={(event) => go(withQuery({ check: event.target.value || undefined }), true)}><option value="">every check</option>{[...new Set(findings.map((one) => one.check))].map((one) => <option key={one}>{one}</option>)}</select></div>
      )}
      {open.map((one, at) => <Proof key={one.id || at} of={one} run={run.run} />)}
      {checks.length > 0 && !open.length && <p>Nothing that leaks was found{waived.length > 0 && ", apart from what was waived"}. What was tried stands below.</p>}
      {waived.length > 0 && <Section title="Waived">{waived.map((one, at) => <Proof key={one.id || at} of={one} run={run.run} />)}</Section>}
      {(["UNKNOWN", "CLEAN"] as const).map((one) => <Tried key={one} verdict={one} checks={checks.filter((check) => check.verdict === one)} run={run.run} />)}
    </>
  );
}

function Proof({ of: one, run }: { of: Finding; run: string }) {
  return (
    <article className={`card finding is-${one.verdict.toLowerCase()}`} aria-label={`${one.verdict} ${one.check} in ${one.step}`}>
      <header><Badge of={one.verdict} /> <strong>{one.check}</strong> in <Link to={href(["run", run, "graph"], { step: one.step, tab: "checks" })}>{one.step}</Link> {one.where && <code>{one.where}</code>} {one.severity && <span className="label">{one.severity}</span>}</header>
      {one.waived && <p className="soft">Waived: {one.waived}</p>}
      <div className="proof">
        {one.cause && <Cell title="an input cell changed" place={`${one.cause.artifact}.${one.cause.column}`} row={one.cause.row} before={cell(one.cause.before)} after={cell(one.cause.after)} />}
        {one.cause && <div className="through" aria-hidden="true">→<span>{one.step}</span>→</div>}
        {(one.column || one.before !== null || one.after !== null) && <Cell title={one.cause ? "and an output cell moved" : "what moved"} place={[one.artifact, one.column].filter(Boolean).join(".")} row={one.row} before={cell(one.before)} after={cell(one.after)} />}
      </div>
      {one.world && <p className="soft">World: {one.world}</p>}
      {one.hint && <p><strong>To mend it:</strong> <Ticked text={one.hint} /></p>}
      {one.replay && <Command text={one.replay} />}
      {one.row && <p className="soft"><Link to={href(["run", run, "row"], { key: one.row })}>Follow the row {one.row}</Link></p>}
    </article>
  );
}

function Cell({ title, place, row, before, after }: { title: string; place: string; row: string; before: string; after: string }) {
  return (
    <div className="proof-cell">
      <span className="soft">{title}</span><code>{place}</code>{row && <span className="soft">row {row}</span>}
      <span><s>{before}</s> → <strong>{after}</strong></span>
    </div>
  );
}

function Tried({ verdict, checks, run }: { verdict: "UNKNOWN" | "CLEAN"; checks: Check[]; run: string }) {
  if (!checks.length) return null;
  return (
    <Section title={verdict === "CLEAN" ? "Clean, and how hard it was tried" : "Unknown, and what to declare"} aside={plural(checks.length, "check")}>
      <div className="scroll"><table>
        <thead><tr><th>check</th><th>step</th><th>{verdict === "CLEAN" ? "tried" : "why"}</th><th className="num">re-runs</th><th className="num">rows</th></tr></thead>
        <tbody>{checks.map((one) => <tr key={`${one.check}/${one.step}`}><td>{one.check}</td><td><Link to={href(["run", run, "graph"], { step: one.step })}>{one.step}</Link></td><td><Ticked text={one.reason} /></td><td className="num">{one.reruns || ""}</td><td className="num">{one.rows ? one.rows.toLocaleString("en-GB") : ""}</td></tr>)}</tbody>
      </table></div>
    </Section>
  );
}
