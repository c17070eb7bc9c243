// An experiment's trials and observations, joined to the rows that are shown: one for each trial,
// and one for each observation that came without a suggestion. Kept current by asking for what is
// new and for what had not ended.
import { get } from "./api";
import type { Assignments, Observation, Page, Task, Trial, TrialState } from "./types";

export interface Row {
  key: string; // "17", or "o5" for an observation without a trial
  created: number;
  order: number;
  trial: Trial | null;
  observation: Observation | null;
  onTheWay: Observation[];
  state: TrialState;
  task: Task | null;
  value: number | null;
  assignments: Assignments;
}

const pageSize = 1000;
export const mostRows = 10000;

async function newest<T extends { id: string }>(path: string): Promise<{ rows: T[]; count: number }> {
  const rows: T[] = [];
  let before = "";
  for (;;) {
    const page = await get<Page<T>>(`${path}?limit=${pageSize}${before}`);
    rows.push(...page.data);
    if (page.paging.before === null || rows.length >= mostRows) return { rows, count: page.count };
    before = `&before=${page.paging.before}`;
  }
}

async function newer<T extends { id: string }>(path: string, after: number): Promise<T[]> {
  const rows: T[] = [];
  for (;;) {
    const page = await get<Page<T>>(`${path}?ascending=true&limit=${pageSize}&after=${after}`);
    rows.push(...page.data);
    const last = page.data[page.data.length - 1];
    if (page.data.length < pageSize || !last) return rows;
    after = Number(last.id);
  }
}

const hasEnded = (trial: Trial) => trial.state === "done" || trial.state === "failed";

export class Rows {
  private trials = new Map<string, Trial>();
  private observations = new Map<string, Observation>();
  private lastTrial = 0;
  private lastObservation = 0;
  private loaded = false;
  total = 0; // trials and observations without one; more than are shown when there are very many

  constructor(
    private readonly experiment: string,
    readonly metric: string,
  ) {}

  private get path() {
    return `/v1/experiments/${this.experiment}`;
  }

  async refresh(): Promise<Row[]> {
    if (this.loaded) await this.update();
    else await this.load();
    return joined(this.trials.values(), this.observations.values(), this.metric);
  }

  private async load() {
    const observations = await newest<Observation>(`${this.path}/observations`);
    const trials = await newest<Trial>(`${this.path}/trials`);
    this.takeObservations(observations.rows);
    this.takeTrials(trials.rows);
    this.total = Math.max(observations.count, trials.count);
    this.loaded = true;
  }

  private async update() {
    const open = [...this.trials.values()].filter((trial) => !hasEnded(trial)).map((trial) => trial.id);
    this.takeObservations(await newer<Observation>(`${this.path}/observations`, this.lastObservation));
    for (let i = 0; i < open.length; i += 200) {
      const ids = open.slice(i, i + 200).join(",");
      this.takeTrials((await get<Page<Trial>>(`${this.path}/trials?id=${ids}`)).data);
    }
    this.takeTrials(await newer<Trial>(`${this.path}/trials`, this.lastTrial));
    this.total = Math.max(this.total, this.trials.size);
  }

  private takeTrials(trials: Trial[]) {
    for (const trial of trials) {
      this.trials.set(trial.id, trial);
      this.lastTrial = Math.max(this.lastTrial, Number(trial.id));
    }
  }

  private takeObservations(observations: Observation[]) {
    for (const observation of observations) {
      this.observations.set(observation.id, observation);
      this.lastObservation = Math.max(this.lastObservation, Number(observation.id));
    }
  }
}

// The newest first.
export function joined(trials: Iterable<Trial>, observations: Iterable<Observation>, metric: string): Row[] {
  const valueIn = (observation: Observation) => observation.values.find((value) => value.name === metric)?.value ?? null;
  const rows = new Map<string, Row>();
  for (const trial of trials)
    rows.set(trial.id, {
      key: trial.id,
      created: trial.created ?? 0,
      order: Number(trial.id),
      trial,
      observation: null,
      onTheWay: [],
      state: trial.state,
      task: trial.task ?? null,
      value: null,
      assignments: trial.assignments,
    });
  for (const observation of observations) {
    const row = observation.suggestion === null ? undefined : rows.get(observation.suggestion);
    if (row && row.task?.name !== observation.task?.name) {
      row.onTheWay.push(observation);
    } else if (row) {
      row.observation = observation;
      row.value = valueIn(observation);
    } else {
      rows.set(`o${observation.id}`, {
        key: `o${observation.id}`,
        created: observation.created,
        order: Number(observation.id),
        trial: null,
        observation,
        onTheWay: [],
        state: observation.failed ? "failed" : "done",
        task: observation.task ?? null,
        value: valueIn(observation),
        assignments: observation.assignments,
      });
    }
  }
  return [...rows.values()].sort((a, b) => b.created - a.created || b.order - a.order);
}

export function valueOf(row: Row, metric: string): number | null {
  return row.observation?.values.find((value) => value.name === metric)?.value ?? null;
}

export function deviationOf(row: Row, metric: string): number | null {
  return row.observation?.values.find((value) => value.name === metric)?.value_stddev ?? null;
}

// Observed rows in the order in which they were observed.
export function observed(rows: Row[]): Row[] {
  return rows
    .filter((row) => row.observation)
    .sort((a, b) => Number(a.observation!.id) - Number(b.observation!.id));
}

export const isFullTask = (row: Row) => row.task === null || row.task.cost === 1;
