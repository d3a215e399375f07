// Asking the API: what was answered is kept while the page is open, and asked again when a run that goes on says that it moved.
import { useEffect, useSyncExternalStore } from "react";
import type { ApiError } from "./types";

interface Answer<T> { data?: T; error?: ApiError; loading: boolean }

interface Entry { answer: Answer<unknown>; asked: boolean; stale: boolean; again: boolean }

const entries = new Map<string, Entry>();
const listeners = new Set<() => void>();
const NOTHING: Answer<never> = { loading: false };

function tell() {
  for (const one of listeners) one();
}

export async function ask<T>(path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { headers: { accept: "application/json" } });
  } catch {
    throw { kind: "Unreachable", message: "the server does not answer", where: "", hint: "Is `penstock ui` still running?" } satisfies ApiError;
  }
  if (response.status === 401) {
    throw { kind: "Locked", message: "this page is locked", where: "", hint: "Open the address that `penstock ui` printed: it holds the token." } satisfies ApiError;
  }
  const document = await response.json();
  if (!response.ok) throw document.error as ApiError;
  return document as T;
}

/** Do something, where the page may: what was answered. */
export async function send<T>(path: string, body: object = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { method: "POST", headers: { "content-type": "application/json", "x-penstock": "1" }, body: JSON.stringify(body) });
  } catch {
    throw { kind: "Unreachable", message: "the server does not answer", where: "", hint: "Is `penstock ui` still running?" } satisfies ApiError;
  }
  if (!response.headers.get("content-type")?.startsWith("application/json")) {
    throw { kind: "Refused", message: (await response.text()).trim(), where: "", hint: "" } satisfies ApiError;
  }
  const document = await response.json();
  if (!response.ok) throw document.error as ApiError;
  return document as T;
}

async function load(path: string, entry: Entry) {
  entry.asked = true;
  entry.stale = false;
  try {
    entry.answer = { data: await ask(path), loading: false };
  } catch (error) {
    const known = error as ApiError;
    entry.answer = { ...entry.answer, error: known.message ? known : { kind: "Error", message: String(error), where: "", hint: "" }, loading: false };
  }
  tell();
  if (entry.again) {
    entry.again = false;
    void load(path, entry);
  }
}

/** What the API answers at a path; nothing is asked for an empty one. */
export function useApi<T>(path: string): Answer<T> {
  const answer = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => (path ? (entries.get(path)?.answer ?? LOADING) : NOTHING),
  );
  useEffect(() => {
    if (!path) return;
    const entry = entries.get(path) ?? { answer: LOADING, asked: false, stale: false, again: false };
    entries.set(path, entry);
    if (!entry.asked || entry.stale || entry.answer.error) void load(path, entry);
  }, [path]);
  return answer as Answer<T>;
}

const LOADING: Answer<never> = { loading: true };

/** Ask again for whatever begins with a path: shown things at once, others when they are looked at. */
export function refresh(beginning: string, shown: (path: string) => boolean = () => true) {
  for (const [path, entry] of entries) {
    if (!path.startsWith(beginning)) continue;
    if (shown(path)) {
      if (entry.again) continue;
      if (entry.answer.loading) entry.again = true;
      else void load(path, entry);
    } else entry.stale = true;
  }
}

const LOOK = 150; // ms between two renewals while a run goes on

/** While a run goes on, follow its events and renew what is shown of it. */
export function useLive(run: string, called: string, going: boolean) {
  useEffect(() => {
    if (!run || !going) return;
    const source = new EventSource(`/api/v1/runs/${encodeURIComponent(run)}/events/live`);
    let waiting = 0;
    let more = false;
    const renew = () => {
      more = false;
      waiting = window.setTimeout(() => {
        waiting = 0;
        if (more) renew();
      }, LOOK);
      for (const one of new Set([run, called])) refresh(`/runs/${encodeURIComponent(one)}`, (path) => !/\/(table|profile|trace|rows|dropped|graph)/.test(path));
      refresh("/runs?");
    };
    const happened = () => {
      if (waiting) more = true;
      else renew();
    };
    source.addEventListener("happened", happened);
    source.addEventListener("over", () => {
      source.close();
      renew();
    });
    return () => {
      source.close();
      if (waiting) clearTimeout(waiting);
    };
  }, [run, called, going]);
}

export const NEWER = 1500; // ms between two looks for a newer run

/** Where the newest run is shown, look whether there is a newer one. */
export function useNewest(run: string) {
  useEffect(() => {
    if (!run) return;
    const timer = setInterval(async () => {
      if (document.hidden) return;
      const found = await ask<{ runs: { run: string }[] }>("/runs?limit=1").catch(() => undefined);
      const newest = found?.runs[0]?.run;
      if (newest && newest !== run) {
        refresh("/runs/last");
        refresh("/runs?");
      }
    }, NEWER);
    return () => clearInterval(timer);
  }, [run]);
}
