// Everything by name: steps, artifacts, runs, pages.
import { useEffect, useMemo, useRef, useState } from "react";
import { useApi } from "../api";
import { go, href } from "../route";
import type { Graph, RunLine } from "../types";

interface Item { words: string; kind: string; to: string }

export function Palette({ run, onClose }: { run: string; onClose: () => void }) {
  const graph = useApi<Graph>(`/runs/${encodeURIComponent(run)}/graph`);
  const runs = useApi<{ runs: RunLine[] }>("/runs?limit=1000");
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const items = useMemo<Item[]>(() => [
    ...[["graph", "Pipeline"], ["", "Run"], ["row", "Row: follow a row"], ["leaks", "Leaks"], ["data", "Data"]].map(([one, words]) => ({ words: words ?? "", kind: "page", to: href(one ? ["run", run, one] : ["run", run]) })),
    { words: "Runs", kind: "page", to: "/runs" },
    ...(graph.data?.nodes.map((one) => ({ words: one.step, kind: one.kind, to: href(["run", run, "graph"], { step: one.step }) })) ?? []),
    ...(graph.data?.nodes.flatMap((one) => Object.keys(one.outputs)).map((one) => ({ words: one, kind: "artifact", to: href(["run", run, "artifact", one]) })) ?? []),
    ...(runs.data?.runs.map((one) => ({ words: one.name ? `${one.name} (${one.run})` : one.run, kind: "run", to: href(["run", one.run]) })) ?? []),
  ], [graph.data, runs.data, run]);
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return items.filter((one) => words.every((word) => `${one.words} ${one.kind}`.toLowerCase().includes(word))).slice(0, 40);
  }, [items, text]);
  const choose = (item: Item | undefined) => {
    if (!item) return;
    go(item.to);
    onClose();
  };
  return (
    <dialog ref={box} className="palette" onClose={onClose} onClick={(event) => event.target === box.current && onClose()} aria-label="Go to">
      <input autoFocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found[at] ? `item-${at}` : undefined} aria-label="Go to a step, an artifact, a run or a page" placeholder="A step, an artifact, a run or a page" value={text}
        onChange={(event) => { setText(event.target.value); setAt(0); }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") choose(found[at]);
          else return;
          event.preventDefault();
        }} />
      <ul id="palette-list" role="listbox" aria-label="Found">
        {found.map((one, index) => <li key={`${one.kind}/${one.to}`} id={`item-${index}`} role="option" aria-selected={index === at} onMouseEnter={() => setAt(index)} onClick={() => choose(one)}>{one.words}<span className="soft">{one.kind}</span></li>)}
        {!found.length && <li className="soft" role="option" aria-selected="false">Nothing is called that.</li>}
      </ul>
    </dialog>
  );
}
