// The form from which the pipeline is run: what would run, with its parameters.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { send } from "../api";
import type { ApiError, Plan, Start } from "../types";
import { plural } from "../words";
import { follow } from "./act";
import { Badge, Reasons, Trouble, Wait } from "./small";

/** What would run, with its parameters; then it runs. */
export function RunDialog({ onClose }: { onClose: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  const [plan, setPlan] = useState<Plan>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState("");
  const [set, setSet] = useState<Record<string, string>>({});
  const [targets, setTargets] = useState<string[]>([]);
  const [force, setForce] = useState<string[]>([]);
  const [wanted, setWanted] = useState("");
  const [name, setName] = useState("");
  const [checks, setChecks] = useState("");
  const steps = useRef<Plan["steps"]>([]);

  const asked = { targets, force, parameters: set };
  const look = async () => {
    setBusy("Loading the pipeline …");
    setError(undefined);
    try {
      const found = await send<Plan>("/plan", asked);
      setPlan(found);
      if (found.steps.length >= steps.current.length) steps.current = found.steps;
    } catch (trouble) {
      setError(trouble as ApiError);
    }
    setBusy("");
  };
  useEffect(() => {
    box.current?.showModal();
    void look();
  }, []);
  const run = async (event: FormEvent) => {
    event.preventDefault();
    setBusy("Starting …");
    setError(undefined);
    try {
      await follow(await send<Start>("/runs", { ...asked, name, checks }));
      onClose();
    } catch (trouble) {
      setError(trouble as ApiError);
      setBusy("");
    }
  };
  const decisions = new Map(plan?.steps.map((one) => [one.step, one]));
  const parameters = steps.current.flatMap((one) => Object.entries(one.parameters).map(([parameter, value]) => [`${one.step}.${parameter}`, value] as [string, string]));
  const shown = steps.current.filter((one) => one.step.toLowerCase().includes(wanted.toLowerCase())).slice(0, 200);
  const toggle = (list: string[], step: string) => (list.includes(step) ? list.filter((one) => one !== step) : [...list, step]);
  const many = plan?.steps.filter((one) => one.decision !== "reuse").length ?? 0;
  return (
    <dialog ref={box} className="run-dialog" onClose={onClose} aria-label="Run the pipeline">
      <form onSubmit={run}>
        <div className="side-head"><h2>Run the pipeline</h2><button type="button" className="small" onClick={onClose} aria-label="Close">✕</button></div>
        {error && <Trouble error={error} />}
        {!plan && !error && <Wait what="the pipeline, to say what would run" />}
        {plan && <p>{many ? <><strong>{plural(many, "step")}</strong> would run, {plan.steps.length - many} would be reused.</> : "Nothing would run: every step would be reused."}</p>}
        {parameters.length > 0 && (
          <fieldset><legend>Parameters</legend>
            <div className="form-grid">{parameters.map(([parameter, value]) => <label key={parameter}><span>{parameter}</span><input value={set[parameter] ?? value} className={parameter in set ? "changed" : ""} onChange={(event) => {
              const { [parameter]: _, ...rest } = set;
              setSet(event.target.value === value ? rest : { ...rest, [parameter]: event.target.value });
            }} /></label>)}</div>
          </fieldset>
        )}
        {plan && (
          <fieldset><legend>Steps <span className="soft">{targets.length ? `${targets.join(", ")}, and all that they need` : "all of them; choose some to make only these, with all that they need"}</span></legend>
            {steps.current.length > 12 && <input type="search" aria-label="Find a step to run" placeholder="Find a step" value={wanted} onChange={(event) => setWanted(event.target.value)} />}
            <div className="scroll tall"><table><tbody>{shown.map((one) => {
              const now = decisions.get(one.step);
              return (
                <tr key={one.step}>
                  <td><label><input type="checkbox" checked={targets.includes(one.step)} onChange={() => setTargets(toggle(targets, one.step))} aria-label={`Only ${one.step}`} /> {one.step}</label></td>
                  <td>{now ? <Badge of={now.decision === "reuse" ? "reused" : now.decision === "run" ? "running" : "unknown"}>{now.decision}</Badge> : <span className="soft">not asked for</span>}</td>
                  <td>{now && <Reasons of={now.reasons.slice(0, 2)} />}</td>
                  <td><label className="soft"><input type="checkbox" checked={force.includes(one.step)} onChange={() => setForce(toggle(force, one.step))} aria-label={`Run ${one.step} whatever is known`} /> force</label></td>
                </tr>
              );
            })}</tbody></table></div>
          </fieldset>
        )}
        <div className="bar">
          <label>Name <input value={name} onChange={(event) => setName(event.target.value)} placeholder="none" /></label>
          <label>Checks <select value={checks} onChange={(event) => setChecks(event.target.value)}><option value="">as set</option><option>quick</option><option>full</option><option>off</option></select></label>
          <button type="button" onClick={look} disabled={Boolean(busy)}>Plan again</button>
          <button type="submit" className="go" disabled={Boolean(busy) || !plan}>Run</button>
          {busy && <span className="soft" role="status">{busy}</span>}
        </div>
      </form>
    </dialog>
  );
}
