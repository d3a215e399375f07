// What a step printed: ANSI colours as spans, searchable, renewed while it grows.
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";

// biome-ignore: the escape character is what terminals send
const ANSI = /\u001b\[([0-9;]*)m|\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*(?:\u0007|\u001b\\)/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

interface Pen { bold: boolean; colour: string }

function lines(text: string): ReactNode[] {
  const found: ReactNode[] = [];
  const pen: Pen = { bold: false, colour: "" };
  text.split("\n").forEach((line, number) => {
    const shown = line.slice(line.lastIndexOf("\r", line.length - 2) + 1); // what a terminal would leave of a line drawn over
    const parts: ReactNode[] = [];
    let from = 0;
    const add = (to: number) => {
      const piece = shown.slice(from, to);
      if (!piece) return;
      const style = [pen.bold ? "bold" : "", pen.colour && `ansi-${pen.colour}`].filter(Boolean).join(" ");
      parts.push(style ? <span key={from} className={style}>{piece}</span> : piece);
    };
    for (const match of shown.matchAll(ANSI)) {
      add(match.index);
      from = match.index + match[0].length;
      if (match[1] === undefined) continue;
      for (const code of (match[1] || "0").split(";").map(Number)) {
        if (code === 0) Object.assign(pen, { bold: false, colour: "" });
        else if (code === 1) pen.bold = true;
        else if (code >= 30 && code <= 37) pen.colour = COLOURS[code - 30] ?? "";
        else if (code >= 90 && code <= 97) pen.colour = COLOURS[code - 90] ?? "";
        else if (code === 39) pen.colour = "";
      }
    }
    add(shown.length);
    found.push(<div key={number} className="line"><span className="nr">{number + 1}</span><span>{parts}</span></div>);
  });
  return found;
}

const MOST = 5000; // lines that are shown at once

export function Log({ run, step, going }: { run: string; step: string; going: boolean }) {
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const [wanted, setWanted] = useState("");
  const [attempt, setAttempt] = useState(0);
  const [attempts, setAttempts] = useState<number[]>([]);
  const end = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let stopped = false;
    let from = 0;
    let timer = 0;
    let shownAttempt = 0;
    const decoder = new TextDecoder();
    setText("");
    setTrouble("");
    const look = async () => {
      const response = await fetch(
        `/api/v1/runs/${encodeURIComponent(run)}/log/${encodeURIComponent(step)}?start=${from}&attempt=${attempt}`,
      ).catch(() => undefined);
      if (stopped) return;
      if (!response?.ok) {
        const said = await response?.json().catch(() => undefined);
        setTrouble(said?.error?.message ?? "nothing was printed");
      } else {
        const now = Number(response.headers.get("x-attempt"));
        if (shownAttempt && now !== shownAttempt) {
          from = 0;
          shownAttempt = now;
          setText("");
          timer = window.setTimeout(look, 0);
          return;
        }
        shownAttempt = now;
        setTrouble("");
        setAttempts((response.headers.get("x-attempts") ?? "").split(",").filter(Boolean).map(Number));
        from = Number(response.headers.get("x-next"));
        const more = decoder.decode(await response.arrayBuffer(), { stream: true });
        if (more) setText((before) => before + more);
        if (response.headers.get("x-over") === "true") return;
      }
      if (going) timer = window.setTimeout(look, 250);
    };
    void look();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [run, step, going, attempt]);

  const shown = useMemo(() => {
    const all = text.replace(/\n$/, "").split("\n");
    const kept = wanted ? all.filter((one) => one.toLowerCase().includes(wanted.toLowerCase())) : all;
    return { many: kept.length, drawn: lines(kept.slice(-MOST).join("\n")) };
  }, [text, wanted]);

  useEffect(() => {
    if (going && !wanted) end.current?.scrollIntoView({ block: "nearest" });
  }, [text, going, wanted]);

  return (
    <div className="log-box">
      <div className="bar">
        <input type="search" aria-label="Search the log" placeholder="Search the log" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        {attempts.length > 1 && (
          <select aria-label="Attempt" value={attempt} onChange={(event) => setAttempt(Number(event.target.value))}>
            <option value={0}>last attempt</option>
            {attempts.map((one) => <option key={one} value={one}>attempt {one}</option>)}
          </select>
        )}
        {shown.many > MOST && <span className="soft">the last {MOST.toLocaleString("en-GB")} of {shown.many.toLocaleString("en-GB")} lines</span>}
      </div>
      {text ? <div className="log" tabIndex={0} role="log" aria-label={`Log of ${step}`}>{shown.drawn}<div ref={end} /></div>
        : <p className="soft">{trouble || (going ? "Nothing printed yet." : "It printed nothing.")}</p>}
    </div>
  );
}
