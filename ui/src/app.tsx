// The frame: where one is, where one can go, and the palette of everything.
import { Suspense, lazy, useEffect, useState } from "react";
import { NEWER, refresh, useApi, useLive, useNewest } from "./api";
import { Palette } from "./parts/palette";
import { Badge, Link, Wait } from "./parts/small";
import { Pipeline } from "./pages/pipeline";
import { Run } from "./pages/run";
import { Runs } from "./pages/runs";
import { href, useRoute } from "./route";
import type { Outline, Where } from "./types";

const RunDialog = lazy(() => import("./parts/control").then((one) => ({ default: one.RunDialog })));
const Artifact = lazy(() => import("./pages/artifact").then((one) => ({ default: one.Artifact })));
const Compare = lazy(() => import("./pages/compare").then((one) => ({ default: one.Compare })));
const Data = lazy(() => import("./pages/data").then((one) => ({ default: one.Data })));
const Leaks = lazy(() => import("./pages/leaks").then((one) => ({ default: one.Leaks })));
const Metric = lazy(() => import("./pages/metric").then((one) => ({ default: one.Metric })));
const Row = lazy(() => import("./pages/row").then((one) => ({ default: one.Row })));

const TABS: [string, string][] = [["graph", "Pipeline"], ["", "Run"], ["row", "Row"], ["leaks", "Leaks"], ["data", "Data"]];

export function App() {
  const { path } = useRoute();
  const where = useApi<Where>("/where");
  const [palette, setPalette] = useState(false);
  const [starting, setStarting] = useState(false);
  const inRun = path[0] === "run" || path.length === 0;
  const name = inRun ? (path[1] ?? "last") : "last";
  const run = useApi<Outline>(inRun ? `/runs/${encodeURIComponent(name)}/outline` : "");
  useLive(run.data?.run ?? "", name, run.data?.status === "running" || run.data?.status === "waiting");

  const nothing = inRun && name === "last" && run.error?.kind === "NotFound" && !run.data;
  useNewest(inRun && name === "last" ? (run.data?.run ?? "") : "");

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if ((event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "p" && !typing && !event.metaKey && !event.ctrlKey)) {
        event.preventDefault();
        setPalette(true);
      } else if (event.key === "/" && !typing) {
        const field = document.getElementById("search");
        if (field) {
          event.preventDefault();
          field.focus();
        }
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);

  const tab = path[2] ?? (path.length === 0 ? "graph" : "");
  useEffect(() => {
    const shown = path[2] === "artifact" ? path[3] : (TABS.find(([one]) => one === tab)?.[1] ?? path[0]);
    document.title = `${inRun ? shown : (path[0] ?? "")} · ${where.data?.pipeline || "Penstock"}`;
  }, [path, tab, inRun, where.data]);

  return (
    <>
      <a className="skip" href="#content">Skip to the content</a>
      <header className="top">
        <Link to="/" className="brand" title="Penstock"><img src="/icon.svg" alt="" width={22} height={22} /> <span>{where.data?.pipeline || where.data?.folder || "Penstock"}</span></Link>
        <nav aria-label="Pages">
          {TABS.map(([one, words]) => <Link key={one} to={href(one ? ["run", name, one] : ["run", name])} aria-current={inRun && tab === one ? "page" : undefined}>{words}</Link>)}
          <Link to="/runs" aria-current={path[0] === "runs" || path[0] === "compare" || path[0] === "metric" ? "page" : undefined}>Runs</Link>
        </nav>
        {inRun && run.data && <span className="which"><Badge of={run.data.status}>{run.data.name || run.data.run}</Badge></span>}
        {where.data?.allow_run && <button type="button" className="small go" onClick={() => setStarting(true)}>Run …</button>}
        <button type="button" className="small" onClick={() => setPalette(true)} title="Ctrl K, or p">Go to …</button>
      </header>
      <main id="content" tabIndex={-1}>
        <Suspense fallback={<Wait what="the page" />}>{nothing ? <Nothing /> : <Page path={path} />}</Suspense>
      </main>
      {starting && <Suspense fallback={null}><RunDialog onClose={() => setStarting(false)} /></Suspense>}
      {palette && <Palette run={name} onClose={() => setPalette(false)} />}
    </>
  );
}

function Page({ path }: { path: string[] }) {
  const [first, name, tab, ...rest] = path;
  if (!first) return <Pipeline run="last" />;
  if (first === "runs") return <Runs />;
  if (first === "compare" && name && tab) return <Compare before={name} after={tab} />;
  if (first === "metric" && name) return <Metric name={name} />;
  if (first === "run" && name) {
    if (!tab) return <Run run={name} />;
    if (tab === "graph") return <Pipeline run={name} />;
    if (tab === "row") return <Row run={name} />;
    if (tab === "leaks") return <Leaks run={name} />;
    if (tab === "data") return <Data run={name} />;
    if (tab === "artifact" && rest.length) return <Artifact key={path.join("/")} run={name} artifact={rest.join("/")} />;
  }
  return <div className="card"><h1>There is no such page</h1><p><Link to="/">To the pipeline</Link></p></div>;
}

/** Where nothing ran yet, what to do, until something does. */
function Nothing() {
  useEffect(() => {
    const timer = setInterval(() => void (document.hidden || refresh("/runs")), NEWER);
    return () => clearInterval(timer);
  }, []);
  return <Runs />;
}
