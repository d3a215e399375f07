// The documents of the API (see /api/v1/openapi.json), as far as the page reads them.

export type Status =
  | "succeeded" | "reused" | "failed" | "blocked" | "skipped" | "cancelled" | "running" | "waiting" | "tolerated";
export type Verdict = "PROVEN" | "SUSPECT" | "CLEAN" | "UNKNOWN";
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Where { pipeline: string; folder: string; file: string; version: string; allow_run: boolean }

export interface RunLine {
  run: string; pipeline: string; name: string; tags: string[]; status: Status; started: string; seconds: number;
  metrics: Record<string, number | null>;
}

export interface OutlineStep {
  step: string; parent: string; kind: string; status: Status; started: number | null; seconds: number; peak_memory: number; cpu_seconds: number;
  rows_in: number | null; outputs: Record<string, number | null>; progress: number | null;
}
export interface Outline { run: string; pipeline: string; name: string; status: Status; started: string; seconds: number; steps: OutlineStep[] }

export interface Reason { kind: string; what: string; where: string; diff?: string }
export interface Failure { kind: string; message: string; where: string; hint: string; traceback: string; parameters: Record<string, string> }
export interface Output { artifact: string; digest: string; bytes: number; rows: number | null; codec: string }
export interface Underway {
  attempt: number; elapsed: number; done: number; total: number; text: string; cpu: number | null; memory: number | null;
  silent: number | null; left: number | null; waits: string;
}
export interface Step {
  step: string; parent: string; kind: string; status: Status; reasons: Reason[]; key: string; attempts: number;
  started: string | null; seconds: number; cpu_seconds: number; peak_memory: number;
  inputs: Record<string, { artifact: string; digest: string }>; outputs: Output[];
  metrics: Record<string, number | null>; error: Failure | null; note: string; underway: Underway | null;
}
export interface Altered { artifact: string; column: string; row: string; before: Json; after: Json }
export interface Finding {
  check: string; verdict: Verdict; step: string; artifact: string; column: string; row: string; before: Json; after: Json;
  world: string; where: string; hint: string; replay: string; severity: string; id: string; cause: Altered | null; waived: string;
}
export interface Check { check: string; step: string; verdict: Verdict; reason: string; reruns: number; rows: number; seconds: number }
export interface Checks { verdict: Verdict; findings: Finding[]; checks: Check[] }
export interface Run {
  run: string; pipeline: string; name: string; tags: string[]; status: Status; started: string; seconds: number;
  steps: Step[]; metrics: Record<string, number | null>; checks: Checks;
  warnings: { step: string; kind: string; what: string; where: string; hint: string }[];
  file: string; executor: string; workers: number; code: { commit: string; dirty: boolean; snapshot: string };
  environment: Record<string, string>; machine: Record<string, Json>; parameters: Record<string, Record<string, string>>;
  seeds: { run: number; steps: Record<string, number> }; error?: { message: string; hint: string };
}

export interface Artifact extends Output {
  type: string; role: string | null; shape: number[]; columns: { name: string; dtype: string; nulls: number | null }[];
  head: Json[][]; text: string; details: Record<string, Json>; pickled: boolean;
}
export interface StepDetails {
  run: string; made_in: string; step: Step; parameters: Record<string, string>; artifacts: Artifact[]; notes: string[];
  figures: { name: string; digest: string; bytes: number; type: string }[]; code: string; seed: number | null;
}

export interface Node {
  step: string; kind: string; where: string; description: string; tags: string[];
  outputs: Record<string, string | null>; contract: Record<string, Json> | null;
}
export interface Graph { run: string; nodes: Node[]; edges: { source: string; target: string; artifact: string }[] }

export interface TablePage { artifact: string; rows: number; offset: number; columns: string[]; types: string[]; values: Json[][] }
export interface ColumnProfile {
  column: string; type: string; nulls: number; distinct: number | null; least: Json; greatest: Json; mean: number | null;
  bins: { low: Json; high: Json; count: number; against: number | null }[];
  top: { value: Json; count: number; against: number | null }[]; drift: number | null;
}
export interface Profile { rows: number; looked: number; against: string; columns: ColumnProfile[] }

export interface Stop {
  step: string; artifact: string; kind: string; state: "present" | "dropped" | "multiplied" | "absent" | "unknown"; rows: number;
  values: Record<string, Json>; changed: Record<string, Json[]>; new: string[]; reason: string; how: string; role: string; where: string;
}
export interface Trace {
  key: string; source: string; run: string; steps: Stop[]; dropped_at: string; dropped_by: string[]; kept_in: string[]; side: string | null;
  prediction: { value: Json; label: Json; model: string; error: number | null; step: string; artifact: string } | null;
  asked: Json; table: string;
  features: { column: string; value: Json; origin: string; known_at: Json; late: boolean; label: boolean }[]; advice: string[];
}

export interface Account {
  step: string; input: string; artifact: string; outputs: string[]; method: string; how: string; rows_in: number; rows_out: number;
  kept: number; dropped: number; multiplied: number; new: number; main: boolean;
  reasons: { kind: string; what: string; rows: number }[];
  rates: { by: string; column: string; parts: { value: string; rows: number; dropped: number }[] }[];
  examples: string[]; grown: [string, number][];
}
export interface Rows { run: string; accounts: Account[]; findings: Finding[] }

export interface Diff {
  before: RunLine; after: RunLine; commits: string[];
  steps: { step: string; state: string; status: string[]; seconds: number[]; reasons: Reason[] }[];
  parameters: { step: string; parameter: string; before: string | null; after: string | null }[];
  environment: { package: string; before: string; after: string }[];
  artifacts: {
    step: string; artifact: string; state: string; before: string; after: string; bytes: number[]; why: string;
    data: { by: string; rows: number[]; columns_added: string[]; columns_gone: string[]; added: number; gone: number; changed: number;
      columns: { column: string; count: number; examples: { row: Json; before: Json; after: Json }[] }[] } | null;
  }[];
  metrics: { metric: string; before: number | null; after: number | null }[];
  figures: { step: string; name: string; state: string }[];
}

export interface ApiError { kind: string; message: string; where: string; hint: string }

export interface Start { start: string; run: string; state: "starting" | "running" | "ended"; code: number | null; error: ApiError | null }
export interface Plan {
  steps: { step: string; kind: string; decision: "run" | "reuse" | "unknown"; reasons: Reason[]; parameters: Record<string, string> }[];
}
export interface Cell { cell: string; key: string; run: string; value: Json; sources: { source: string; key: string; columns: string[] }[]; exact: boolean; why: string }
