// The graph of a run, drawn; loaded when it is first looked at.
import { Background, Controls, type Edge, Handle, MiniMap, type Node as FlowNode, type NodeProps, Position, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { brief, count, seconds } from "../words";
import { inGroup, isGroup } from "./groups";
import { useGrowing } from "./later";
import { HIGH, type Placed, WIDE, layers, layout } from "./layout";
import { glyph } from "./small";

export interface Box { name: string; kind: string; status: string; seconds: number; rowsIn: number | null; rowsOut: number | null; verdict: string; probes: number; progress: number | null; many: number }
export interface Drawn { boxes: Box[]; edges: [string, string][] }

type StepNode = FlowNode<{ box: Box; chosen: boolean; dim: boolean }, "step">;

const Step = memo(({ data: { box, chosen, dim } }: NodeProps<StepNode>) => (
  <div className={`node is-${box.status} kind-${box.kind} ${chosen ? "chosen" : ""} ${dim ? "dim" : ""} ${isGroup(box.name) ? "group" : ""}`} data-step={box.name}>
    <Handle type="target" position={Position.Left} isConnectable={false} />
    <div className="node-head">
      <span className="node-state" title={box.status}>{glyph(box.status)}</span>
      <span className="node-name" title={called(box)}>{called(box)}</span>
      {box.verdict && <span className={`verdict is-${box.verdict.toLowerCase()}`} title={`${box.probes} checks: ${box.verdict}`}>{glyph(box.verdict)}</span>}
    </div>
    <div className="node-foot">
      <span>{isGroup(box.name) ? `${count(box.many)} steps` : box.kind}</span>
      <span>{box.status === "reused" ? "reused" : seconds(box.seconds)}</span>
      {box.rowsOut !== null && <span title={box.rowsIn !== null ? `${count(box.rowsIn)} rows in, ${count(box.rowsOut)} out` : undefined}>{box.rowsIn !== null && box.rowsIn !== box.rowsOut ? `${brief(box.rowsIn)} → ${brief(box.rowsOut)}` : `${brief(box.rowsOut)} rows`}</span>}
    </div>
    {box.progress !== null && <progress value={box.progress} max={1} aria-label={`progress of ${box.name}`} />}
    <Handle type="source" position={Position.Right} isConnectable={false} />
  </div>
));

const TYPES = { step: Step };
const called = (box: Box) => (isGroup(box.name) ? inGroup(box.name) : box.name);
const AT_ONCE = 40; // steps that are put between two breaths
const QUICK = 250; // ms that the layout may take before a plainer one is shown meanwhile

export default function Graph(props: { of: Drawn; chosen: string; onChoose: (step: string) => void; wanted: string }) {
  return <ReactFlowProvider><Inside {...props} /></ReactFlowProvider>;
}

function Inside({ of, chosen, onChoose, wanted }: { of: Drawn; chosen: string; onChoose: (step: string) => void; wanted: string }) {
  const [placed, setPlaced] = useState<Placed>();
  const flow = useReactFlow();
  const shape = useMemo(() => JSON.stringify([of.boxes.map((one) => one.name), of.edges]), [of]);

  // The whole graph, where its words can be read then; else its beginning, in a size in which they can. Told before the steps are put, so
  // that only those are drawn which will be seen.
  const flowing = useRef(flow); // it is another one when the drawing has begun: no reason to lay out again
  flowing.current = flow;
  const show = useCallback((found: Placed) => {
    const box = document.querySelector(".graph-box")?.getBoundingClientRect();
    if (!box) return;
    const fits = Math.min((box.width - 60) / found.width, (box.height - 60) / found.height, 1.1);
    const zoom = fits >= 0.62 ? fits : 0.8;
    void flowing.current.setViewport({ x: fits >= 0.62 ? (box.width - found.width * zoom) / 2 : 24, y: (box.height - found.height * zoom) / 2, zoom });
  }, []);

  useEffect(() => {
    let gone = false;
    const [names, edges] = JSON.parse(shape) as [string[], [string, string][]];
    const put = (found: Placed) => {
      if (gone) return;
      show(found);
      setPlaced(found);
    };
    const timer = setTimeout(() => put(layers(names, edges)), QUICK);
    void layout(names, edges).then((found) => {
      clearTimeout(timer);
      put(found);
    });
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [shape, show]);

  const near = useMemo(() => {
    if (!chosen) return undefined;
    const found = new Set([chosen]);
    for (const [from, to] of of.edges) if (from === chosen || to === chosen) found.add(from).add(to);
    return found;
  }, [chosen, of.edges]);

  const told = useMemo<StepNode["data"][]>(() => {
    const text = wanted.toLowerCase();
    return of.boxes.map((box) => ({ box, chosen: box.name === chosen, dim: text ? !box.name.toLowerCase().includes(text) : near ? !near.has(box.name) : false }));
  }, [of.boxes, chosen, near, wanted]);

  const drawn = useGrowing(of.boxes.length, AT_ONCE, placed ? shape : undefined);

  const nodes = useMemo<StepNode[]>(() => {
    if (!placed) return [];
    return told.slice(0, drawn).map((data) => ({
      id: data.box.name, type: "step", position: placed.places.get(data.box.name) ?? { x: 0, y: 0 }, width: WIDE, height: HIGH, data,
      draggable: false, connectable: false, ariaLabel: `${data.box.kind} ${called(data.box)}, ${data.box.status}${data.box.verdict ? `, checks: ${data.box.verdict}` : ""}`,
    }));
  }, [told, drawn, placed]);

  const edges = useMemo<Edge[]>(
    () => of.edges.map(([source, target]) => ({
      id: `${source}→${target}`, source, target, focusable: false,
      className: chosen && (source === chosen || target === chosen) ? "edge near" : "edge",
    })),
    [of.edges, chosen],
  );

  // The arrow keys go along the edges, and up and down among the steps of a layer.
  const walk = useCallback((event: KeyboardEvent) => {
    if (!placed || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
    const here = placed.places.get(chosen);
    if (!here) {
      const first = of.boxes[0];
      if (first) onChoose(first.name);
      return;
    }
    const sideways = event.key === "ArrowRight" || event.key === "ArrowLeft";
    const ahead = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1;
    const candidates = sideways
      ? of.edges.filter(([from, to]) => (ahead > 0 ? from : to) === chosen).map(([from, to]) => (ahead > 0 ? to : from))
      : of.boxes.map((one) => one.name).filter((one) => one !== chosen && Math.abs((placed.places.get(one)?.x ?? 1e9) - here.x) < WIDE / 2);
    let best = "";
    let least = Number.POSITIVE_INFINITY;
    for (const one of candidates) {
      const there = placed.places.get(one);
      if (!there) continue;
      const far = sideways ? Math.abs(there.y - here.y) : (there.y - here.y) * ahead;
      if (far > (sideways ? -1 : 0) && far < least) [best, least] = [one, far];
    }
    if (best) onChoose(best);
  }, [placed, chosen, of, onChoose]);

  // A step that is chosen comes into sight.
  useEffect(() => {
    const there = chosen ? placed?.places.get(chosen) : undefined;
    if (!there) return;
    const timer = setTimeout(() => {
      const box = document.querySelector(".graph-box")?.getBoundingClientRect();
      if (!box) return;
      const from = flow.flowToScreenPosition(there);
      const to = flow.flowToScreenPosition({ x: there.x + WIDE, y: there.y + HIGH });
      if (from.x < box.left || to.x > box.right || from.y < box.top || to.y > box.bottom) {
        void flow.setCenter(there.x + WIDE / 2, there.y + HIGH / 2, { zoom: Math.max(flow.getZoom(), 0.7), duration: 200 });
      }
    }, 60);
    return () => clearTimeout(timer);
  }, [chosen, placed, flow]);

  return (
    <div className="graph-box" onKeyDownCapture={walk} tabIndex={0} role="application" aria-label="The graph of the pipeline: arrow keys go from step to step" aria-busy={!placed}>
      {!placed && <p className="soft graph-wait" role="status">Laying out {count(of.boxes.length)} steps …</p>}
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={TYPES} onNodeClick={(_, node) => onChoose(node.id)} onPaneClick={() => onChoose("")}
        onlyRenderVisibleElements={of.boxes.length > 30} minZoom={0.03} maxZoom={1.8} nodesDraggable={false} nodesConnectable={false}
        nodesFocusable={of.boxes.length <= 300} edgesFocusable={false} disableKeyboardA11y proOptions={{ hideAttribution: true }} colorMode="system"
      >
        <Background gap={24} />
        <Controls showInteractive={false} />
        {of.boxes.length > 40 && of.boxes.length <= 400 && <MiniMap pannable zoomable ariaLabel="Overview" />}
      </ReactFlow>
    </div>
  );
}
