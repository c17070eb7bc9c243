// What a report brings along (src/report/page_data.h), and what the dashboard's views make of it.
import { bring } from "../api";
import type { Loaded } from "../pages/use_rows";
import { joined } from "../rows";
import type { Assignments, Experiment, Insight, Observation, Overview, Parameter, Task, Trial, TrialState } from "../types";

export interface ReportTrial {
  id: number;
  task: string;
  cost: number;
  state: TrialState;
  value?: number; // %
  assignments: Assignments;
  started_seconds: number;
  seconds: number;
  cpu_seconds?: number;
  device_seconds?: number;
  machine_seconds?: number;
  peak_memory_bytes?: number;
  dollars?: number;
  reason?: string;
  history?: [epochs: number, trainingLoss: number | null, validationLoss: number | null, validationAccuracy: number | null][];
}

export interface Search {
  strategy: string;
  parameters: Parameter[];
  conditionals: { name: string; values: string[] }[];
  tasks: Task[];
  trials: ReportTrial[];
  count: number; // of trials; more than there are here when there are very many
  insight: Insight | null;
}

export interface ReportArm {
  name: string;
  strategy: string;
  tuned: boolean;
  minutes: number;
  dollars: number;
  validation: number | null;
  test: { value: number; low: number; high: number } | null;
}

export interface Confusions {
  classes: string[];
  cells: [label: number, prediction: number, count: number][];
}

export interface ReportData {
  metric: string;
  began: number; // seconds since the epoch
  judged_task: string;
  priced: boolean;
  searches: Search[];
  arms: ReportArm[];
  confusions: Confusions | null;
}

export interface Shown {
  id: string;
  search: Search;
  one: Overview;
  loaded: Loaded;
}

function trialOf(trial: ReportTrial, experiment: string, began: number): Trial {
  const started = trial.state === "open" ? null : began + trial.started_seconds;
  return {
    id: String(trial.id),
    experiment,
    assignments: trial.assignments,
    task: { name: trial.task, cost: trial.cost },
    purpose: "search",
    metadata: {},
    state: trial.state,
    worker: "",
    attempts: 1,
    wall_seconds: trial.seconds,
    cpu_seconds: trial.cpu_seconds ?? 0,
    device_seconds: trial.device_seconds ?? 0,
    machine_seconds: trial.machine_seconds ?? 0,
    peak_memory_bytes: trial.peak_memory_bytes ?? 0,
    dollars: trial.dollars ?? 0,
    checkpoint: "",
    reason: trial.reason ?? "",
    progress: {},
    created: started,
    started,
    ended: started === null ? null : started + trial.seconds,
  };
}

const names = ["epochs", "training_loss", "validation_loss", "validation_accuracy"] as const;

function observationOf(trial: ReportTrial, metric: string, id: number, began: number): Observation {
  const history = (trial.history ?? []).map((entry) => Object.fromEntries(names.map((name, i) => [name, entry[i]])));
  return {
    id: String(id),
    suggestion: String(trial.id),
    assignments: trial.assignments,
    task: { name: trial.task, cost: trial.cost },
    failed: trial.value === undefined,
    values: trial.value === undefined ? [] : [{ name: metric, value: trial.value }],
    created: began + trial.started_seconds + trial.seconds,
    metadata: { history },
  };
}

export const endOf = (trial: ReportTrial) => trial.started_seconds + trial.seconds;

function shownOf(search: Search, id: string, data: ReportData): Shown {
  const metrics: Overview["metrics"] = [{ name: data.metric, objective: "maximize", strategy: "optimize" }];
  const { parameters, conditionals, tasks } = search;
  const experiment: Experiment = { id, name: search.strategy, parameters, conditionals, metrics, metadata: {}, ...(tasks.length > 1 ? { tasks } : {}) };
  const ended = search.trials.filter((trial) => trial.state === "done" || trial.state === "failed").sort((a, b) => endOf(a) - endOf(b));
  const trials = search.trials.map((trial) => trialOf(trial, id, data.began));
  const observations = ended.map((trial, i) => observationOf(trial, data.metric, i + 1, data.began));
  const one = {
    id,
    name: search.strategy,
    metrics,
    progress: { observation_count: search.insight?.observations ?? observations.length },
  } as Overview; // as much of it as the views of a search read
  if (search.insight) bring(`/v1/experiments/${id}/insight`, search.insight);
  return { id, search, one, loaded: { experiment, rows: joined(trials, observations, data.metric), total: search.count } };
}

export const shownSearches = (data: ReportData): Shown[] => data.searches.map((search, i) => shownOf(search, String(i + 1), data));
