// The pipeline: its graph with the state of a run, and one step in detail beside it.
import { Suspense, type SyntheticEvent, lazy, useEffect, useMemo, useState } from "react";
import { useApi } from "../api";
import { Badge, Command, Copy, Declared, FailureCard, Facts, Link, Pairs, Reasons, Section, Trouble, Wait, worst } from "../parts/small";
import type { Box, Drawn } from "../parts/graph";
import { LEVELS, collapsed, fitting, inGroup, isGroup } from "../parts/groups";
import { Approve, useAllowed } from "../parts/act";
import { useMade } from "../parts/later";
import { Log } from "../parts/log";
import { Markdown } from "../parts/markdown";
import { go, href, useRoute, withQuery } from "../route";
import type { Check, Checks, Finding, Graph as GraphDocument, Node, Outline, Run, StepDetails } from "../types";
import { at, bytes, count, number, plural, quoted, seconds, short } from "../words";

const Drawing = lazy(() => import("../parts/graph"));
const MOST = 1200; // steps that are drawn at once
const AROUND = 120;
const FEW = 40; // steps that are looked for and stand by themselves
const NO_CHECKS: Check[] = [];

function drawn(run: Outline, graph: GraphDocument, checks: Check[]): Drawn {
  const states = new Map(run.steps.map((one) => [one.step, one]));
  const judged = new Map<string, { verdicts: Finding["verdict"][]; many: number }>();
  for (const one of checks) {
    const held = judged.get(one.step) ?? { verdicts: [], many: 0 };
    held.verdicts.push(one.verdict);
    held.many += 1;
    judged.set(one.step, held);
  }
  const boxes: Box[] = graph.nodes.map((node) => {
    const state = states.get(node.step);
    const made = Object.values(state?.outputs ?? {}).filter((one) => one !== null);
    return {
      name: node.step, kind: node.kind, status: state?.status ?? "blocked", seconds: state?.seconds ?? 0, rowsIn: state?.rows_in ?? null,
      rowsOut: made.length ? made.reduce((sum, one) => sum + one, 0) : null, verdict: worst(judged.get(node.step)?.verdicts ?? []),
      probes: judged.get(node.step)?.many ?? 0, progress: state?.progress ?? null, many: 1,
    };
  });
  const edges = new Map<string, [string, string]>();
  for (const one of graph.edges) edges.set(`${one.source}\n${one.target}`, [one.source, one.target]);
  return { boxes, edges: [...edges.values()] };
}

/** The steps nearest to one, by edges; of a graph that is too large to be drawn whole. */
function around(whole: Drawn, middle: string): Drawn {
  const near = new Map<string, string[]>();
  const add = (one: string, other: string) => {
    const there = near.get(one);
    if (there) there.push(other);
    else near.set(one, [other]);
  };
  for (const [from, to] of whole.edges) {
    add(from, to);
    add(to, from);
  }
  const kept = new Set([middle]);
  for (const one of kept) {
    for (const other of near.get(one) ?? []) {
      if (kept.size >= AROUND) break;
      kept.add(other);
    }
  }
  return { boxes: whole.boxes.filter((one) => kept.has(one.name)), edges: whole.edges.filter(([from, to]) => kept.has(from) && kept.has(to)) };
}

export function Pipeline({ run: name }: { run: string }) {
  const path = `/runs/${encodeURIComponent(name)}`;
  const run = useApi<Outline>(`${path}/outline`);
  const graph = useApi<GraphDocument>(`${path}/graph`);
  const about = useApi<Run>(run.data && graph.data ? `${path}?troubled=true` : ""); // what checks said may come after the drawing
  const { query } = useRoute();
  const chosen = query.get("step") ?? "";
  const wanted = query.get("find") ?? "";
  const opened = query.get("open") ?? "";
  const checks = about.data?.checks.checks ?? NO_CHECKS;
  useEffect(() => void import("../parts/graph"), []); // while the run is asked for
  const later = (run.data?.steps.length ?? 0) > MOST;
  const whole = useMade(() => (run.data && graph.data ? drawn(run.data, graph.data, checks) : undefined), [run.data, graph.data, checks], later);
  const fits = useMade(() => (whole ? fitting(whole) : undefined), [whole?.boxes.length], later);
  const asked = Number(query.get("collapse") ?? fits);
  const level = LEVELS[asked] ? asked : (fits ?? 0);
  const matching = useMemo(() => (wanted && whole ? whole.boxes.filter((one) => one.name.toLowerCase().includes(wanted.toLowerCase())) : []), [whole, wanted]);
  const large = !level && (whole?.boxes.length ?? 0) > MOST;
  const shown = useMade(() => {
    if (!whole || fits === undefined) return undefined;
    if (level) return collapsed(whole, level, new Set(opened.split("|").filter(Boolean)), new Set([chosen, ...(matching.length <= FEW ? matching.map((one) => one.name) : [])]));
    if (!large) return whole;
    const first = whole.boxes.find((one) => one.status === "failed" || one.status === "running") ?? whole.boxes[0];
    return around(whole, chosen || first?.name || "");
  }, [whole, fits, level, large, chosen, opened, matching], later);
  if (run.error) return <Trouble error={run.error} />;
  if (graph.error) return <Trouble error={graph.error} />;
  if (!run.data || !graph.data || !whole || !shown) return <Wait what="the graph" />;
  const choose = (step: string) => {
    if (!isGroup(step)) return go(withQuery({ step: step || undefined }), Boolean(chosen));
    go(withQuery({ open: [...new Set([...opened.split("|").filter(Boolean), inGroup(step)])].join("|") }), true);
  };
  const node = graph.data.nodes.find((one) => one.step === chosen);
  return (
    <div className={`with-side ${node ? "open" : ""}`}>
      <div className="main-part">
        <div className="bar">
          <input id="search" type="search" placeholder="Find a step ( / )" aria-label="Find a step" value={wanted}
            onChange={(event) => go(withQuery({ find: event.target.value || undefined }), true)}
            onKeyDown={(event) => event.key === "Enter" && matching[0] && choose(matching[0].name)} />
          {(whole.boxes.length > 20 || level > 0) && <label className="soft">Show <select aria-label="What is shown together" value={level} onChange={(event) => go(withQuery({ collapse: event.target.value === String(fits) ? undefined : event.target.value, open: undefined }), true)}>{LEVELS.map((one, at) => <option key={one} value={at}>{one}</option>)}</select></label>}
          {opened && <button type="button" className="small" onClick={() => go(withQuery({ open: undefined }), true)}>Close the groups</button>}
          <span className="soft">{plural(whole.boxes.length, "step")}{level > 0 && ` in ${plural(shown.boxes.length, "box", "boxes")}; a click opens one`}{large && `, ${shown.boxes.length} around ${chosen || "the first"} drawn`}</span>
          {wanted && <span className="soft">{count(matching.length)} found</span>}
        </div>
        {wanted && matching.length > 0 && (
          <ul className="matches">{matching.slice(0, 12).map((one) => <li key={one.name}><button type="button" onClick={() => choose(one.name)}><Badge of={one.status}>{one.name}</Badge></button></li>)}</ul>
        )}
        <Suspense fallback={<Wait what="the drawing" />}><Drawing of={shown} chosen={chosen} onChoose={choose} wanted={wanted} /></Suspense>
        <Legend />
      </div>
      {node && <StepSide run={run.data} checks={about.data?.checks} node={node} onClose={() => choose("")} />}
    </div>
  );
}

function Legend() {
  return (
    <p className="legend soft">
      {["succeeded", "reused", "running", "failed", "blocked", "waiting"].map((one) => <Badge key={one} of={one} />)}
      <span>· checks:</span>
      {["PROVEN", "SUSPECT", "CLEAN", "UNKNOWN"].map((one) => <Badge key={one} of={one} />)}
    </p>
  );
}

function StepSide({ run, checks: judged, node, onClose }: { run: Outline; checks: Checks | undefined; node: Node; onClose: () => void }) {
  const { query } = useRoute();
  const tab = query.get("tab") ?? "about";
  const allowed = useAllowed();
  const path = `/runs/${encodeURIComponent(run.run)}/steps/${encodeURIComponent(node.step)}`;
  const details = useApi<StepDetails>(path);
  const step = details.data?.step;
  const checks = judged?.checks.filter((one) => one.step === node.step) ?? [];
  const findings = judged?.findings.filter((one) => one.step === node.step) ?? [];
  return (
    <aside className="side" aria-label={`Step ${node.step}`}>
      <div className="side-head">
        <h2>{node.step} {step && <Badge of={step.status} />}</h2>
        <button type="button" className="small" onClick={onClose} aria-label="Close">✕</button>
      </div>
      <Facts of={[node.kind, <code key="w">{node.where}</code>, step && step.status !== "reused" && seconds(step.seconds), step && step.peak_memory > 0 && `${bytes(step.peak_memory)} of memory`, step && step.attempts > 1 && plural(step.attempts, "attempt")]} />
      {node.description && <p>{node.description}</p>}
      <nav className="tabs" aria-label="About the step">
        {["about", "log", "checks"].map((one) => <Link key={one} to={withQuery({ tab: one === "about" ? undefined : one })} aria-current={tab === one ? "page" : undefined}>{one === "checks" && checks.length ? `checks (${checks.length})` : one}</Link>)}
      </nav>
      {tab === "log" && <Log run={run.run} step={node.step} going={step?.status === "running"} />}
      {tab === "checks" && (
        <>
          {!checks.length && <p className="soft">No check has judged this step in this run. <Command text="penstock check" /></p>}
          <ul className="plain">{checks.map((one) => <li key={one.check}><Badge of={one.verdict}>{one.check}</Badge> <span className="soft">{one.reason} {one.reruns > 0 && `· ${plural(one.reruns, "re-run")}`} {one.rows > 0 && `· ${plural(one.rows, "row")}`}</span></li>)}</ul>
          {findings.length > 0 && <p><Link to={href(["run", run.run, "leaks"])}>{plural(findings.length, "finding")} of this step</Link></p>}
        </>
      )}
      {tab === "about" && (
        <>
          {step?.error && <FailureCard step={node.step} error={step.error} resume={`penstock resume ${run.run}`} />}
          {step?.note && <p>{step.note}</p>}
          {step?.status === "waiting" && step.note && allowed && <Approve run={run} step={node.step} />}
          {step?.status === "waiting" && step.note && <Command text={`penstock approve ${run.run} ${quoted(node.step)}`} />}
          {step && step.reasons.length > 0 && <Section title={step.status === "reused" ? "Why it was reused" : "Why it ran"}><Reasons of={step.reasons} /><Command text={`penstock why ${quoted(node.step)}`} /></Section>}
          {step && Object.keys(step.inputs).length > 0 && <Section title="Inputs"><Pairs of={Object.entries(step.inputs).map(([name, one]) => [name, <Link key={name} to={href(["run", run.run, "artifact", one.artifact])}>{one.artifact}</Link>])} /></Section>}
          {step && step.outputs.length > 0 && (
            <Section title="Outputs">
              <ul className="plain">{step.outputs.map((one) => <li key={one.artifact}><Link to={href(["run", run.run, "artifact", one.artifact])}>{one.artifact}</Link> <span className="soft">{[one.rows !== null && plural(one.rows, "row"), bytes(one.bytes), short(one.digest)].filter(Boolean).join(" · ")}</span></li>)}</ul>
            </Section>
          )}
          {details.data && Object.keys(details.data.parameters).length > 0 && <Section title="Parameters"><Pairs of={Object.entries(details.data.parameters)} /></Section>}
          {step && Object.keys(step.metrics).length > 0 && <Section title="Metrics"><Pairs of={Object.entries(step.metrics).map(([name, value]) => [name, number(value)])} /></Section>}
          {details.data?.figures.map((one) => <Figure key={one.name} run={run.run} step={node.step} name={one.name} type={one.type} />)}
          {details.data?.notes.map((one, index) => <Markdown key={index} text={one} />)}
          {details.data?.made_in && details.data.made_in !== run.run && <p className="soft">Done in run <Link to={href(["run", details.data.made_in])}>{details.data.made_in}</Link>{step?.started && ` at ${at(step.started)}`}</p>}
          {details.data?.code && <Source run={run.run} step={node.step} />}
          {node.contract && <Section title="Contract"><Declared of={node.contract} /></Section>}
        </>
      )}
    </aside>
  );
}

/** The function as it ran, asked for when somebody wants to see it. */
function Source({ run, step }: { run: string; step: string }) {
  const [text, setText] = useState<string>();
  useEffect(() => setText(undefined), [run, step]);
  const open = (event: SyntheticEvent<HTMLDetailsElement>) => {
    if (!event.currentTarget.open || text !== undefined) return;
    fetch(`/api/v1/runs/${encodeURIComponent(run)}/code/${encodeURIComponent(step)}`).then((one) => (one.ok ? one.text() : ""), () => "").then((found) => setText(found || "No source was kept."));
  };
  return <details onToggle={open}><summary>Source as it ran</summary>{text === undefined ? <Wait what="the source" /> : <><pre>{text}</pre><Copy text={text} /></>}</details>;
}

export function Figure({ run, step, name, type }: { run: string; step: string; name: string; type: string }) {
  const address = `/api/v1/runs/${encodeURIComponent(run)}/figure/${encodeURIComponent(step)}?name=${encodeURIComponent(name)}`;
  return (
    <figure>
      {type.includes("svg") ? <iframe sandbox="" src={address} title={name} /> : <img src={address} alt={name} loading="lazy" />}
      <figcaption className="soft">{name}</figcaption>
    </figure>
  );
}
