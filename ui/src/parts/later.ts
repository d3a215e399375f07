// Work in pieces: a page that draws ten thousand steps answers in between.
import { type DependencyList, useEffect, useMemo, useState } from "react";

/** What `make` gives: at once, or after the page had a moment for others, with what was made before until then. */
export function useMade<T>(make: () => T, wanted: DependencyList, later: boolean): T | undefined {
  const [made, setMade] = useState<T>();
  useEffect(() => {
    if (!later) return;
    const timer = setTimeout(() => setMade(make()));
    return () => clearTimeout(timer);
  }, [later, ...wanted]);
  const now = useMemo(() => (later ? undefined : make()), [later, ...wanted]);
  return later ? made : now;
}

/** How many of many are to be drawn: some more each time the page was drawn, then all. Begins anew with another `what`. */
export function useGrowing(many: number, some: number, what: unknown): number {
  const [drawn, setDrawn] = useState({ what, many: some });
  const now = drawn.what === what ? drawn.many : some;
  useEffect(() => {
    if (now >= many) return;
    let timer: ReturnType<typeof setTimeout>;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setDrawn({ what, many: now + some }));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [now, many, some, what]);
  return Math.min(now, many);
}
