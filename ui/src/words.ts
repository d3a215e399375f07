// Numbers, times and values as people read them.
import type { Json } from "./types";

// made once: making one takes longer than writing a hundred numbers
const WHOLE = new Intl.NumberFormat("en-GB");
const SIX = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 6 });
const THOUSANDS = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 0 });
const MILLIONS = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (value < 0.001) return "0 s";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(value % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : WHOLE.format(value);
}

/** A count in little room: 337k. */
export function brief(value: number): string {
  return value < 10_000 ? count(value) : (value < 1e6 ? THOUSANDS : MILLIONS).format(value).toLowerCase();
}

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return count(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
  return SIX.format(value);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

export function cell(value: Json): string {
  if (value === null || value === undefined) return "missing";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return INSTANT.test(value) ? value.replace("T", " ").replace(/(:00)?(\.0+)?(\+00:00)$/, " UTC") : value;
  return typeof value === "boolean" ? String(value) : JSON.stringify(value);
}

export function ago(iso: string, now = Date.now()): string {
  const passed = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (passed < 60) return "just now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
  const days = Math.floor(passed / 86400);
  return days < 30 ? `${days} day${days > 1 ? "s" : ""} ago` : iso.slice(0, 10);
}

export function at(iso: string | null): string {
  return iso ? iso.slice(0, 19).replace("T", " ") : "";
}

export function plural(many: number, one: string, several = `${one}s`): string {
  return `${count(many)} ${many === 1 ? one : several}`;
}

export function short(digest: string): string {
  return digest.replace(/^\w+:/, "").slice(0, 12);
}

/** What in a shell means one word. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
