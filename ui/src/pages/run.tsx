// One run: how it went over time, its metrics, parameters, figures, errors, environment.
import { Suspense, lazy, useMemo, useState } from "react";
import { useApi } from "../api";
import { Badge, Command, FailureCard, Link, Pairs, Section, Ticked, Trouble, Wait, worst } from "../parts/small";
import { Act, Approve, useAllowed } from "../parts/act";
import { Gantt, critical } from "../parts/gantt";
import { Log } from "../parts/log";
import { go, href, useRoute, withQuery } from "../route";
import type { Graph, Outline, Run as RunDocument, RunLine } from "../types";
import { at, number, plural, quoted, seconds } from "../words";

const MOST = 60; // metrics that are shown unasked
const OverTime = lazy(() => import("../parts/overtime"));

export function Run({ run: name }: { run: string }) {
  const { data: run, error } = useApi<RunDocument>(`/runs/${encodeURIComponent(name)}?troubled=true`);
  const outline = useApi<Outline>(`/runs/${encodeURIComponent(name)}/outline`).data;
  const graph = useApi<Graph>(`/runs/${encodeURIComponent(name)}/graph`);
  const others = useApi<{ runs: RunLine[] }>(run ? `/runs?limit=1000&pipeline=${encodeURIComponent(run.pipeline)}` : "");
  const { query } = useRoute();
  const allowed = useAllowed();
  const [every, setEvery] = useState(false);
  const path = useMemo(() => (outline && graph.data ? critical(outline.steps, graph.data.edges) : new Set<string>()), [outline, graph.data]);
  if (error) return <Trouble error={error} />;
  if (!run) return <Wait what="the run" />;
  const counts = new Map<string, number>();
  for (const one of outline?.steps ?? []) if (!one.parent) counts.set(one.status, (counts.get(one.status) ?? 0) + 1);
  const all = others.data?.runs ?? [];
  const place = all.findIndex((one) => one.run === run.run);
  const before = place >= 0 ? all.slice(place + 1).find((one) => one.pipeline === run.pipeline && Object.keys(one.metrics).length) : undefined;
  const verdict = worst(run.checks.checks.map((one) => one.verdict));
  const logged = query.get("log") ?? "";
  const set = Object.entries(run.parameters).flatMap(([step, held]) => Object.entries(held).map(([parameter, value]) => [`${step}.${parameter}`, value] as [string, string]));
  return (
    <>
      <h1>{run.name || run.run} <Badge of={run.status} /></h1>
      <p className="facts">
        <span>{run.pipeline}</span><span>{run.run}</span><span>{at(run.started)} UTC</span><span>{seconds(run.seconds)}</span>
        <span>{[...counts].map(([status, many]) => `${many} ${status === "succeeded" ? "ran" : status}`).join(", ")}</span>
        <span>{run.executor}, {plural(run.workers, "worker")}</span>{run.tags.map((one) => <span key={one} className="label">#{one}</span>)}
      </p>
      {run.steps.filter((one) => (one.status === "failed" || one.status === "tolerated") && one.error).map((one) => one.error && <FailureCard key={one.step} step={one.step} error={one.error} resume={`penstock resume ${run.run}`} />)}
      {run.steps.filter((one) => one.status === "waiting" && one.note).map((one) => <div key={one.step} className="card"><p><strong>{one.step}</strong> waits: {one.note}</p>{allowed && <Approve run={run} step={one.step} />}<Command text={`penstock approve ${run.run} ${quoted(one.step)}`} /></div>)}
      {run.status === "cancelled" && <Command text={`penstock resume ${run.run}`} />}
      {allowed && <div className="bar">
        {(run.status === "running" || run.status === "waiting") && <Act words="Cancel the run" busy="Asking it to stop …" does={`/runs/${encodeURIComponent(run.run)}/cancel`} />}
        {(run.status === "failed" || run.status === "cancelled") && <Act words="Resume the run" busy="Starting …" does={`/runs/${encodeURIComponent(run.run)}/resume`} then="follow" />}
      </div>}
      {Object.keys(run.metrics).length > 0 && (
        <Section title="Metrics" aside={before && <>against {before.name || before.run}</>}>
          <div className="grid">
            {Object.entries(run.metrics).slice(0, every ? undefined : MOST).map(([metric, value]) => {
              const old = before?.metrics[metric];
              return (
                <Link key={metric} className="card metric" to={href(["metric", metric])}>
                  <span className="soft">{metric}</span><b>{number(value)}</b>
                  {typeof old === "number" && typeof value === "number" && <span className="soft">{old === value ? "as before" : `was ${number(old)}`}</span>}
                </Link>
              );
            })}
          </div>
          {!every && Object.keys(run.metrics).length > MOST && <p><button type="button" className="small" onClick={() => setEvery(true)}>Show all {plural(Object.keys(run.metrics).length, "metric")}</button></p>}
        </Section>
      )}
      <Section title="Over time" aside={path.size > 0 && <span className="soft">the critical path is marked</span>}>
        {outline && <Gantt run={outline} path={path} onChoose={(step) => go(withQuery({ log: step === logged ? undefined : step }), true)} />}
      </Section>
      {outline && <Suspense fallback={null}><OverTime run={name} /></Suspense>}
      {logged && <Section title={`Log of ${logged}`} id="log"><Log run={run.run} step={logged} going={outline?.steps.find((one) => one.step === logged)?.status === "running"} /></Section>}
      <Section title="Checks" aside={verdict && <Badge of={verdict} />}>
        {run.checks.checks.length ? <p><Link to={href(["run", run.run, "leaks"])}>{plural(run.checks.findings.length, "finding")}, {plural(run.checks.checks.length, "check")}</Link></p> : <p className="soft">No checks have judged this run. <code>penstock check</code> does.</p>}
      </Section>
      {run.warnings.length > 0 && <Section title="Warnings"><ul className="plain">{run.warnings.map((one, index) => <li key={index}><strong>{one.step}</strong> <Ticked text={one.what} /> {one.where && <code>{one.where}</code>} {one.hint && <span className="soft"><Ticked text={one.hint} /></span>}</li>)}</ul></Section>}
      {set.length > 0 && <Section title="Parameters"><Pairs of={set} /></Section>}
      <Section title="Code and seeds"><Pairs of={[["commit", run.code.commit ? `${run.code.commit.slice(0, 12)}${run.code.dirty ? ", with changes" : ""}` : "none"], ["file", run.file], ["seed", String(run.seeds.run)], ["snapshot", <code key="s">{run.code.snapshot.slice(0, 24)}</code>]]} /><Command text={`penstock reproduce ${run.run}`} /></Section>
      <Environment of={run.environment} />
    </>
  );
}

function Environment({ of }: { of: Record<string, string> }) {
  const [wanted, setWanted] = useState("");
  const held = Object.entries(of).filter(([name]) => name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Section title="Environment" aside={plural(Object.keys(of).length, "entry", "entries")}>
      <details>
        <summary>python {of.python}</summary>
        <input type="search" aria-label="Find a package" placeholder="Find a package" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        <Pairs of={held} />
      </details>
    </Section>
  );
}
