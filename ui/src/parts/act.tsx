// Buttons that do something to a run, where the page was started with --allow-run.
import { useState } from "react";
import { ask, refresh, send, useApi } from "../api";
import { go, href } from "../route";
import type { ApiError, Start, Where } from "../types";
import { Trouble } from "./small";

const LOOK = 200; // ms between two looks at what was started

/** Whether the page may run things. */
export function useAllowed(): boolean {
  return useApi<Where>("/where").data?.allow_run ?? false;
}

/** Follow what was started until its run is known, then show it. */
export async function follow(start: Start): Promise<void> {
  let now = start;
  while (!now.run && now.state !== "ended") {
    await new Promise((done) => setTimeout(done, LOOK));
    now = await ask<Start>(`/starts/${now.start}`);
  }
  if (now.error) throw now.error;
  refresh("/runs");
  go(href(["run", now.run, "graph"]));
}

/** A button that does something to a run, and says what went wrong. */
export function Act({ words, busy, does, then }: { words: string; busy: string; does: string; then?: "follow" | "resume" }) {
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<ApiError>();
  const act = async () => {
    setWorking(true);
    setError(undefined);
    try {
      const found = await send<Start>(does);
      if (then === "follow") await follow(found);
      else if (then === "resume") await follow(await send<Start>(does.replace(/\/approve\/.*$/, "/resume")));
      else refresh("/runs");
    } catch (trouble) {
      setError(trouble as ApiError);
    }
    setWorking(false);
  };
  return <><button type="button" onClick={act} disabled={working}>{working ? busy : words}</button>{error && <Trouble error={error} />}</>;
}

/** Let a step go on that waits, and with it the run, where that has ended; or say no to it, which ends the run. */
export function Approve({ run, step }: { run: { run: string; status: string }; step: string }) {
  const path = (answer: string) => `/runs/${encodeURIComponent(run.run)}/${answer}/${encodeURIComponent(step)}`;
  return (
    <div className="bar">
      <Act words="Approve" busy="Approving …" does={path("approve")} then={run.status === "running" ? undefined : "resume"} />
      {run.status === "waiting" && <Act words="Decline" busy="Declining …" does={path("decline")} />}
    </div>
  );
}
