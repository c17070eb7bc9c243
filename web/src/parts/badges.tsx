import type { Overview, TrialState } from "../types";

export function StateBadge({ state }: { state: TrialState }) {
  return <span class={`badge ${state}`}>{state}</span>;
}

export function conditionOf(one: Overview): { name: string; kind: string } {
  const { observation_budget: budget, progress } = one;
  if (one.state === "deleted") return { name: "archived", kind: "muted" };
  if (one.search === "paused") return { name: "paused", kind: "paused" };
  const isSpent = budget !== null && progress.observation_budget_consumed >= budget - 1e-9;
  if (one.search === "ending") {
    const rest = one.trials.running + one.trials.waiting;
    return rest > 0 ? { name: "stopping", kind: "paused" } : { name: "stopped", kind: "muted" };
  }
  if (isSpent) return { name: "budget spent", kind: "done" };
  if (one.trials.running > 0) return { name: "running", kind: "running" };
  return { name: progress.observation_count > 0 ? "idle" : "new", kind: "open" };
}

export function ConditionBadge({ one }: { one: Overview }) {
  const condition = conditionOf(one);
  return <span class={`badge ${condition.kind}`}>{condition.name}</span>;
}

export function BudgetBar({ one }: { one: Overview }) {
  const { observation_budget: budget, progress } = one;
  if (budget === null) return null;
  const share = Math.min(1, progress.observation_budget_consumed / budget);
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label="Budget consumed"
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${share * 100}%` }} />
    </div>
  );
}
