// One artifact: rows of a table as they are asked for, its columns at a glance, or what a model or value is.
import { useCallback, useEffect, useRef, useState } from "react";
import { ask, useApi } from "../api";
import { ColumnCard, Importances } from "../parts/bars";
import { Command, Facts, Link, Pairs, Section, Trouble, Wait } from "../parts/small";
import { go, href, useRoute, withQuery } from "../route";
import type { ApiError, ColumnProfile, Graph, Json, Outline, Profile, RunLine, StepDetails, TablePage } from "../types";
import { bytes, cell, count, plural, short } from "../words";

const PAGE = 100;
const HIGH = 30; // pixels of a row

export function Artifact({ run: name, artifact }: { run: string; artifact: string }) {
  const run = useApi<Outline>(`/runs/${encodeURIComponent(name)}/outline`);
  const graph = useApi<Graph>(`/runs/${encodeURIComponent(name)}/graph`);
  const runs = useApi<{ runs: RunLine[] }>("/runs?limit=1000");
  const { query } = useRoute();
  const maker = run.data?.steps.find((one) => artifact in one.outputs);
  const details = useApi<StepDetails>(maker ? `/runs/${encodeURIComponent(name)}/steps/${encodeURIComponent(maker.step)}` : "");
  if (run.error) return <Trouble error={run.error} />;
  if (!run.data) return <Wait what="the artifact" />;
  if (!maker) return <Trouble error={{ kind: "NotFound", message: `run ${run.data.run} has no artifact ${artifact}`, where: "", hint: "It may not have been made yet." }} />;
  const held = details.data?.artifacts.find((one) => one.artifact === artifact);
  const against = query.get("against") ?? "";
  const taken = [...new Set(Object.values(details.data?.step.inputs ?? {}).map((one) => one.artifact))];
  const takers = [...new Set(graph.data?.edges.filter((one) => one.artifact === artifact).map((one) => one.target) ?? [])];
  const table = held && held.rows !== null && held.columns.length > 0 && !held.pickled;
  const named = table && graph.data ? naming(graph.data, maker.step, held.columns) : undefined;
  return (
    <>
      <h1>{artifact}</h1>
      <Facts of={[held?.type, held && held.rows !== null && plural(held.rows, "row"), held && held.columns.length > 0 && plural(held.columns.length, "column"), held && bytes(held.bytes), held && <code key="d">{short(held.digest)}</code>, held?.role && `side: ${held.role}`, held?.pickled && "pickled: shown as described when it was made"]} />
      <p className="facts"><span>made by <Link to={href(["run", name, "graph"], { step: maker.step })}>{maker.step}</Link></span>
        {taken.length > 0 && <span>from {taken.map((one, at) => <span key={one}>{at > 0 && ", "}<Link to={href(["run", name, "artifact", one])}>{one}</Link></span>)}</span>}
        {takers.length > 0 && <span>taken by {takers.map((one, at) => <span key={one}>{at > 0 && ", "}<Link to={href(["run", name, "graph"], { step: one })}>{one}</Link></span>)}</span>}
      </p>
      {details.error && <Trouble error={details.error} />}
      {held?.text && !table && <pre>{held.text}</pre>}
      {held && String(held.details.media_type ?? "").startsWith("image/") && <Picture run={name} artifact={artifact} type={String(held.details.media_type)} />}
      {held && Array.isArray(held.details.importances) && <Importances of={held.details.importances as [string, number][]} by={String(held.details.importances_by ?? "")} />}
      {held && Object.keys(held.details).length > 0 && <Section title="Details"><Details of={held.details} /></Section>}
      {table && (
        <>
          <Section title="Rows" aside={named && <span className="soft">a click on {named.key[0]} follows the row</span>}><Table run={name} artifact={artifact} rows={held.rows ?? 0} named={named} /></Section>
          <Section title="Columns" aside={
            <select aria-label="Hold against another run" value={against} onChange={(event) => go(withQuery({ against: event.target.value || undefined }), true)}>
              <option value="">hold against another run …</option>
              {runs.data?.runs.filter((one) => one.run !== run.data?.run && one.pipeline === run.data?.pipeline).slice(0, 100).map((one) => <option key={one.run} value={one.run}>{one.name || one.run}</option>)}
            </select>
          }>
            <Columns run={name} artifact={artifact} names={held.columns.map((one) => one.name)} against={against} />
          </Section>
        </>
      )}
      <Section title="In Python"><Command text={`ps.load("${artifact}", run="${run.data.run}")`} /></Section>
    </>
  );
}

function Picture({ run, artifact, type }: { run: string; artifact: string; type: string }) {
  const address = `/api/v1/runs/${encodeURIComponent(run)}/picture/${encodeURIComponent(artifact)}`;
  return <figure>{type.includes("svg") ? <iframe sandbox="" src={address} title={artifact} /> : <img src={address} alt={artifact} />}</figure>;
}

/** What its codec said of a value: names and values, one level deep as a table of its own. */
function Details({ of }: { of: Record<string, Json> }) {
  const told = Object.entries(of).filter(([key]) => !["importances", "importances_by"].includes(key));
  const flat = told.filter(([, value]) => typeof value !== "object" || value === null || Array.isArray(value));
  return (
    <>
      <Pairs of={flat.map(([key, value]) => [key.replaceAll("_", " "), Array.isArray(value) ? value.map((one) => cell(one)).join(", ") : cell(value)])} />
      {told.filter(([, value]) => typeof value === "object" && value !== null && !Array.isArray(value)).map(([key, value]) => (
        <div key={key}><h3>{key === "params" ? "parameters" : key.replaceAll("_", " ")}</h3><Pairs of={Object.entries(value as Record<string, Json>).map(([name, one]) => [name, one === null ? "None" : cell(one)])} /></div>
      ))}
    </>
  );
}

interface Named { source: string; key: string[] }

/** The source whose key names the rows of a table: its own, or the first that has all its columns there. A clock in a key is written in more than one way. */
function naming(graph: Graph, step: string, columns: { name: string; dtype: string }[]): Named | undefined {
  const there = new Set(columns.filter((one) => !/date|time/i.test(one.dtype)).map((one) => one.name));
  const sources = graph.nodes.filter((one) => one.kind === "source").sort((one, other) => Number(other.step === step) - Number(one.step === step));
  for (const one of sources) {
    const key = [one.contract?.key ?? []].flat().map(String);
    if (key.length && key.every((column) => there.has(column))) return { source: one.step, key };
  }
  return undefined;
}

/** Rows come in pages as they are scrolled to; only what is in sight is in the page. */
function Table({ run, artifact, rows, named }: { run: string; artifact: string; rows: number; named: Named | undefined }) {
  const { query } = useRoute();
  const start = Math.max(0, Math.min(Number(query.get("row") ?? 0) || 0, Math.max(rows - 1, 0)));
  const [pages, setPages] = useState<Map<number, TablePage>>(new Map());
  const [error, setError] = useState<ApiError>();
  const [top, setTop] = useState(0);
  const [base, setBase] = useState(start);
  const asked = useRef(new Set<number>());
  const box = useRef<HTMLDivElement>(null);
  const span = Math.min(rows - base, 200_000); // what a browser can scroll through; the field below jumps further
  const first = base + Math.floor(top / HIGH);
  const shown = Math.min(Math.ceil(420 / HIGH) + 4, Math.max(rows - first, 0));

  const need = useCallback((page: number) => {
    if (asked.current.has(page)) return;
    asked.current.add(page);
    ask<TablePage>(`/runs/${encodeURIComponent(run)}/table/${encodeURIComponent(artifact)}?offset=${page * PAGE}&limit=${PAGE}`)
      .then((found) => setPages((before) => new Map(before).set(page, found)), (trouble: ApiError) => setError(trouble));
  }, [run, artifact]);

  useEffect(() => {
    for (let page = Math.floor(first / PAGE); page <= Math.floor((first + shown) / PAGE); page += 1) if (page * PAGE < rows || !page) need(page);
  }, [first, shown, rows, need]);

  if (error) return <Trouble error={error} />;
  const any = pages.values().next().value;
  if (!any) return <Wait what="rows" />;
  const row = (number: number) => pages.get(Math.floor(number / PAGE))?.values[number % PAGE];
  return (
    <>
      <div className="table-box" ref={box} tabIndex={0} onScroll={(event) => setTop(event.currentTarget.scrollTop)} aria-label={`Rows of ${artifact}`} role="region">
        <div style={{ height: span * HIGH + HIGH }}>
          <table className="rows" style={{ transform: `translateY(${Math.floor(top / HIGH) * HIGH}px)` }} aria-rowcount={rows}>
            <thead><tr><th className="num">#</th>{any.columns.map((one, at) => <th key={one} title={any.types[at]}>{one}</th>)}</tr></thead>
            <tbody>
              {Array.from({ length: shown }, (_, index) => first + index).map((number) => {
                const values = row(number);
                return (
                  <tr key={number} style={{ height: HIGH }} aria-rowindex={number + 1}>
                    <td className="num soft">{count(number)}</td>
                    {any.columns.map((name, at) => <td key={name} className={typeof values?.[at] === "number" ? "num" : values?.[at] === null ? "missing" : ""}>{!values ? "…" : named?.key[0] === name && values[at] !== null ? <Link to={href(["run", run, "row"], { key: named.key.map((one) => String(values[any.columns.indexOf(one)] ?? "")).join("/"), source: named.source })}>{cell(values[at] ?? null)}</Link> : cell(values[at] ?? null)}</td>)}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </div>
      <form className="bar" onSubmit={(event) => {
        event.preventDefault();
        const wanted = Number(new FormData(event.currentTarget).get("row"));
        if (!Number.isFinite(wanted)) return;
        const next = Math.max(0, Math.min(Math.floor(wanted), rows - 1));
        setBase(next);
        setTop(0);
        if (box.current) box.current.scrollTop = 0;
        go(withQuery({ row: next ? String(next) : undefined }), true);
      }}>
        <label>Go to row <input name="row" type="number" min={0} max={rows - 1} defaultValue={base} /></label>
        <button type="submit" className="small">Go</button>
        <span className="soft">{plural(rows, "row")}</span>
      </form>
    </>
  );
}

/** Each column's profile is asked for by itself, when it comes into sight. */
function Columns({ run, artifact, names, against }: { run: string; artifact: string; names: string[]; against: string }) {
  const [wanted, setWanted] = useState("");
  const held = names.filter((one) => one.toLowerCase().includes(wanted.toLowerCase())).slice(0, 400);
  return (
    <>
      {names.length > 12 && <input type="search" aria-label="Find a column" placeholder="Find a column" value={wanted} onChange={(event) => setWanted(event.target.value)} />}
      <div className="grid wide">{held.map((one) => <Column key={`${one}/${against}`} run={run} artifact={artifact} name={one} against={against} />)}</div>
    </>
  );
}

function Column({ run, artifact, name, against }: { run: string; artifact: string; name: string; against: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true), { rootMargin: "300px" });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  const asked = new URLSearchParams({ column: name, ...(against ? { against } : {}) });
  const { data, error } = useApi<Profile>(seen ? `/runs/${encodeURIComponent(run)}/profile/${encodeURIComponent(artifact)}?${asked}` : "");
  const column: ColumnProfile | undefined = data?.columns[0];
  return <div ref={place}>{column && data ? <ColumnCard of={column} rows={data.rows} looked={data.looked} against={data.against} /> : <div className="card column"><h3>{name}</h3><p className="soft">{error ? error.message : "…"}</p></div>}</div>;
}
