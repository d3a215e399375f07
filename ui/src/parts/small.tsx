// Small pieces that every page uses.
import { type MouseEvent, type ReactNode, useState } from "react";
import { go } from "../route";
import type { ApiError, Failure, Json, Reason, Verdict } from "../types";
import { seconds } from "../words";

export function Link({ to, children, ...rest }: { to: string; children: ReactNode; className?: string; title?: string; "aria-current"?: "page" | undefined }) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return <a href={to} onClick={follow} {...rest}>{children}</a>;
}

const GLYPHS: Record<string, string> = {
  succeeded: "✓", reused: "↺", failed: "✗", tolerated: "✗", blocked: "⊘", skipped: "–", cancelled: "■", running: "●", waiting: "?",
  PROVEN: "✗", SUSPECT: "!", CLEAN: "✓", UNKNOWN: "?", present: "✓", dropped: "✗", multiplied: "×", absent: "·", unknown: "?",
};

export function Badge({ of, children }: { of: string; children?: ReactNode }) {
  return <span className={`badge is-${of.toLowerCase()}`}><span aria-hidden="true">{GLYPHS[of] ?? "·"}</span> {children ?? of}</span>;
}

export function glyph(of: string): string {
  return GLYPHS[of] ?? "·";
}

export function worst(verdicts: Verdict[]): Verdict | "" {
  for (const one of ["PROVEN", "SUSPECT", "UNKNOWN", "CLEAN"] as const) if (verdicts.includes(one)) return one;
  return "";
}

export function Trouble({ error }: { error: ApiError }) {
  return (
    <div className="card trouble" role="alert">
      <strong>{error.message}</strong>
      {error.where && <p><code>{error.where}</code></p>}
      {error.hint && <p><Ticked text={error.hint} /></p>}
    </div>
  );
}

/** Text in which `ticks` mark code. */
export function Ticked({ text }: { text: string }) {
  return <>{text.split("`").map((one, at) => (at % 2 ? <code key={at}>{one}</code> : <span key={at}>{one}</span>))}</>;
}

export function Wait({ what }: { what: string }) {
  return <p className="soft" role="status">Loading {what} …</p>;
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [said, setSaid] = useState(label);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Select and copy it");
    }
    setTimeout(() => setSaid(label), 2000);
  };
  return <button type="button" className="small" onClick={copy}>{said}</button>;
}

export function Command({ text }: { text: string }) {
  return <div className="command"><code>{text}</code><Copy text={text} /></div>;
}

export function Section({ title, children, aside, id }: { title: string; children: ReactNode; aside?: ReactNode; id?: string }) {
  return (
    <section id={id} aria-label={title}>
      <h2>{title}{aside && <span className="aside"> {aside}</span>}</h2>
      {children}
    </section>
  );
}

export function Facts({ of }: { of: (ReactNode | false | null | undefined | "")[] }) {
  const held = of.filter(Boolean);
  return <p className="facts">{held.map((one, at) => <span key={at}>{one}</span>)}</p>;
}

const MOST = 200; // names and values that are shown unasked

export function Pairs({ of }: { of: [string, ReactNode][] }) {
  const [every, setEvery] = useState(false);
  return (
    <>
      <dl className="pairs">{of.slice(0, every ? undefined : MOST).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {!every && of.length > MOST && <p><button type="button" className="small" onClick={() => setEvery(true)}>Show all {of.length}</button></p>}
    </>
  );
}

export function FailureCard({ step, error, resume }: { step: string; error: Failure; resume: string }) {
  return (
    <div className="card trouble">
      <h3>{step}: <span className="bad">{error.kind}: {error.message}</span></h3>
      {error.where && <p><code>{error.where}</code></p>}
      {error.traceback && <pre>{error.traceback}</pre>}
      {Object.keys(error.parameters).length > 0 && (
        <p className="soft">with <code>{Object.entries(error.parameters).map(([name, value]) => `${name}=${value}`).join(", ")}</code></p>
      )}
      {error.hint && <p><Ticked text={error.hint} /></p>}
      <Command text={resume} />
    </div>
  );
}

export function Reasons({ of }: { of: Reason[] }) {
  return (
    <ul className="plain">
      {of.map((one, at) => (
        <li key={at}>
          <Ticked text={one.what} /> {one.where && <code>{one.where}</code>}
          {one.diff && <Patch text={one.diff} />}
        </li>
      ))}
    </ul>
  );
}

/** A unified diff with its lines marked. */
export function Patch({ text }: { text: string }) {
  return (
    <pre className="patch">
      {text.split("\n").map((line, at) => {
        const kind = line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : line.startsWith("@@") ? "at" : "";
        return <span key={at} className={kind}>{line}{"\n"}</span>;
      })}
    </pre>
  );
}

/** What a source declares of its rows, in words. */
export function Declared({ of }: { of: Record<string, Json> }) {
  const said = Object.entries(of).filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && !value.length) && !(typeof value === "object" && !Array.isArray(value) && !Object.keys(value ?? {}).length));
  return <Pairs of={said.map(([name, value]) => [name.replace("_", " "), <Clause key={name} value={value} />])} />;
}

function Clause({ value }: { value: Json }) {
  if (Array.isArray(value)) return <>{value.map((one, at) => <span key={at}>{at > 0 && " / "}<code>{String(one)}</code></span>)}</>;
  if (typeof value !== "object" || value === null) return <code>{String(value)}</code>;
  return (
    <ul className="plain">
      {Object.entries(value).map(([column, clock]) => (
        <li key={column}><code>{column === "*" ? "every column" : column}</code> {typeof clock === "object" && clock !== null && "seconds" in clock ? (Number(clock.seconds) ? `${seconds(Number(clock.seconds))} after the time` : "at the time") : <>at <code>{String(clock)}</code></>}</li>
      ))}
    </ul>
  );
}
