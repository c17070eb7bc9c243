// What the server answers (docs/http_api.md), as far as the dashboard reads it.

export type Value = number | string;
export type Assignments = Record<string, Value>;

export interface Metric {
  name: string;
  objective: "maximize" | "minimize";
  strategy: "optimize" | "store" | "constraint";
  threshold?: number | null;
}

export interface Task {
  name: string;
  cost: number;
}

export interface Parameter {
  name: string;
  type: "double" | "int" | "categorical";
  bounds?: { min: number; max: number };
  grid?: number[];
  categorical_values?: { name: string }[];
  transformation?: "log";
  default_value?: Value;
}

export interface Experiment {
  id: string;
  name: string;
  parameters: Parameter[];
  conditionals: { name: string; values: string[] }[];
  metrics: Metric[];
  tasks?: Task[];
  metadata: Record<string, unknown>;
}

export interface MetricValue {
  name: string;
  value: number;
  value_stddev?: number | null;
}

export interface Observation {
  id: string;
  suggestion: string | null;
  assignments: Assignments;
  task?: Task;
  failed: boolean;
  values: MetricValue[];
  created: number;
  metadata: Record<string, unknown>;
}

export type TrialState = "open" | "running" | "done" | "failed" | "preempted";

export interface Trial {
  id: string;
  experiment: string;
  assignments: Assignments;
  task?: Task;
  purpose: string;
  metadata: Record<string, unknown>;
  state: TrialState;
  worker: string;
  attempts: number;
  wall_seconds: number;
  cpu_seconds: number;
  device_seconds: number;
  machine_seconds: number;
  peak_memory_bytes: number;
  dollars: number;
  checkpoint: string;
  reason: string;
  progress: Record<string, unknown>;
  created: number | null;
  started: number | null;
  ended: number | null;
}

export interface Overview {
  id: string;
  name: string;
  type: string;
  state: "active" | "deleted";
  search: "on" | "paused" | "ending";
  project: string | null;
  suggester: string;
  observation_budget: number | null;
  parallel_bandwidth: number | null;
  created: number | null;
  updated: number | null;
  of_runs: boolean;
  metrics: Metric[];
  metadata: Record<string, unknown>;
  progress: {
    observation_count: number;
    observation_budget_consumed: number;
    since_best: number;
    first_observed: number | null;
    last_observed: number | null;
    best_observation: Observation | null;
  };
  trials: { done: number; failed: number; running: number; waiting: number };
  spend: {
    wall_seconds: number;
    cpu_seconds: number;
    device_seconds: number;
    machine_seconds: number;
    dollars: number;
  };
  forecast: { seconds_left: number | null };
  improvements: [number, number][];
  revision: { changes: number; rewritings: number };
}

export interface Worker {
  name: string;
  state: "working" | "waiting";
  experiment: string | null;
  trial: string | null;
  heard: number;
  since: number;
  ended_trials: number;
}

export interface OverviewList {
  time: number;
  permissions: "read" | "write";
  experiments: Overview[];
  workers: Worker[];
}

export interface Interval {
  value: number;
  low: number;
  high: number;
}

export interface Dependence {
  parameters: string[];
  points: { at: Value[]; metric: Interval }[];
}

export interface Insight {
  lacking: string;
  metric: string;
  notes?: string[];
  observations?: number;
  importance?: { overall: { total: { parameters: string[]; share: Interval }[] } };
  partial_dependences?: Dependence[];
  slices?: Dependence[];
  best?: Assignments;
}

export interface AugmentedSamples {
  lacking: string;
  transforms?: string;
  photographs?: number;
  variants?: number;
  width?: number;
  height?: number;
  jpeg?: string; // base64
}

export interface Page<T> {
  count: number;
  data: T[];
  paging: { before: string | null; after: string | null };
}
