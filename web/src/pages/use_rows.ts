import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get } from "../api";
import { connections, experiments } from "../live";
import { Rows, type Row } from "../rows";
import type { Experiment, Metric } from "../types";

export interface Loaded {
  experiment: Experiment;
  rows: Row[];
  total: number;
}

export const goalOf = (experiment: { metrics: Metric[] }) =>
  experiment.metrics.find((metric) => metric.strategy === "optimize") ?? experiment.metrics[0]!;

const restMilliseconds = 1200; // between two questions about the same experiment

// An experiment with its rows, asked for again whenever the server says that it has changed.
export function useRows(id: string): { loaded: Loaded | null; error: ApiError | null; again: () => void } {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [tries, setTries] = useState(0);
  const store = useRef<{ rows: Rows; experiment: Experiment; updated: number | null; history: string } | null>(null);
  const isBusy = useRef(false);
  const isWanted = useRef(false);
  const isGone = useRef(false);

  const overview = experiments.value?.get(id);
  const changes = overview?.revision.changes;
  const history = `${connections.value} ${overview?.revision.rewritings}`;
  const updated = overview?.updated ?? null;

  const refresh = async () => {
    if (!overview) return; // there is none, and the page says so
    isWanted.current = true;
    if (isBusy.current) return;
    isBusy.current = true;
    while (isWanted.current && !isGone.current) {
      isWanted.current = false;
      try {
        if (!store.current || store.current.updated !== latest.current.updated || store.current.history !== latest.current.history) {
          const path = overview?.of_runs ? "aiexperiments" : "experiments";
          const experiment = await get<Experiment>(`/v1/${path}/${id}`);
          const keep = store.current && store.current.history === latest.current.history;
          store.current = {
            experiment,
            updated: latest.current.updated,
            history: latest.current.history,
            rows: keep ? store.current!.rows : new Rows(id, goalOf(experiment).name),
          };
        }
        const rows = await store.current.rows.refresh();
        if (isGone.current) return;
        setLoaded({ experiment: store.current.experiment, rows, total: store.current.rows.total });
        setError(null);
      } catch (reason) {
        if (!isGone.current) setError(reason instanceof ApiError ? reason : new ApiError(0, String(reason)));
      }
      await new Promise((resolve) => setTimeout(resolve, restMilliseconds));
    }
    isBusy.current = false;
  };
  const latest = useRef({ updated, history });
  latest.current = { updated, history };

  useEffect(() => {
    void refresh();
  }, [changes, history, updated, tries]);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  return { loaded, error, again: () => setTries(tries + 1) };
}
