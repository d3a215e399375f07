// The address holds every state of the page, so that a link shows somebody else the same thing.
import { useSyncExternalStore } from "react";

export interface Route { path: string[]; query: URLSearchParams }

const listeners = new Set<() => void>();
let current: Route = read();

function read(): Route {
  return {
    path: location.pathname.split("/").filter(Boolean).map(decodeURIComponent),
    query: new URLSearchParams(location.search),
  };
}

function changed() {
  current = read();
  for (const one of listeners) one();
}

addEventListener("popstate", changed);

export function href(path: string[], query: Record<string, string | undefined> = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) asked.set(name, value);
  const text = asked.toString();
  return "/" + path.map(encodeURIComponent).join("/") + (text ? `?${text}` : "");
}

export function go(address: string, replace = false) {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  changed();
}

/** The same page with some of its query changed; nothing for a name takes it away. */
export function withQuery(change: Record<string, string | undefined>): string {
  const query: Record<string, string | undefined> = Object.fromEntries(current.query);
  return href(current.path, { ...query, ...change });
}

export function useRoute(): Route {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => current);
}
