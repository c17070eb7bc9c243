import { useEffect, useMemo, useState } from "preact/hooks";
import { Chart, useLook } from "../charts/chart";
import { comparison } from "../charts/options";
import { assignment, dollars, duration, number } from "../format";
import { experiments } from "../live";
import { ConditionBadge } from "../parts/badges";
import { Nothing, Waiting } from "../parts/states";
import { href, route, setQuery } from "../route";
import { isFullTask, observed, valueOf } from "../rows";
import type { Overview } from "../types";
import { bestOf } from "./experiments";
import { goalOf, type Loaded, useRows } from "./use_rows";

type By = "observations" | "budget" | "hours";
const byNames: Record<By, string> = { observations: "Observation", budget: "Budget consumed", hours: "Hours since the first observation" };

function traceOf(loaded: Loaded, one: Overview, by: By): [number, number][] {
  const metric = goalOf(one);
  const line: [number, number][] = [];
  let best: number | null = null;
  let cost = 0;
  let count = 0;
  const rows = observed(loaded.rows);
  const first = rows[0]?.observation?.created ?? 0;
  for (const row of rows) {
    count += 1;
    cost += row.task?.cost ?? 1;
    const value = valueOf(row, metric.name);
    const x = by === "observations" ? count : by === "budget" ? cost : (row.observation!.created - first) / 3600;
    if (value !== null && isFullTask(row) && (best === null || (metric.objective === "maximize" ? value > best : value < best))) {
      best = value;
      line.push([x, value]);
    }
    if (best !== null && row === rows[rows.length - 1]) line.push([x, best]);
  }
  return line;
}

// Hooks cannot be called in a loop of changing length: each experiment loads in a part of its own.
function Loader({ id, onLoaded }: { id: string; onLoaded: (id: string, loaded: Loaded) => void }) {
  const { loaded } = useRows(id);
  useEffect(() => {
    if (loaded) onLoaded(id, loaded);
  }, [loaded]);
  return null;
}

export function ComparePage() {
  const look = useLook();
  const ids = (route.value.query.get("e") ?? "").split(",").filter((id) => experiments.value!.has(id));
  const by = (route.value.query.get("by") ?? "observations") as By;
  const [loaded, setLoaded] = useState<Map<string, Loaded>>(new Map());
  const all = ids.map((id) => experiments.value!.get(id)!);
  const lines = useMemo(
    () => all.filter((one) => loaded.has(one.id)).map((one) => ({ name: `${one.name} #${one.id}`, points: traceOf(loaded.get(one.id)!, one, by) })),
    [loaded, by, ids.join(",")],
  );
  const option = useMemo(() => comparison(lines, byNames[by] ?? byNames.observations, all[0] ? goalOf(all[0]).name : "", look), [lines, look]);
  if (all.length < 2)
    return (
      <Nothing title="Nothing to compare">
        Choose two or more on the <a href={href()}>list of experiments</a>.
      </Nothing>
    );
  const metrics = new Set(all.map((one) => goalOf(one).name));
  const parameters = [...new Set(all.flatMap((one) => Object.keys(one.progress.best_observation?.assignments ?? {})))];
  const row = (name: string, of: (one: Overview) => string) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      {all.map((one) => (
        <td key={one.id} class="n">
          {of(one)}
        </td>
      ))}
    </tr>
  );
  return (
    <>
      {ids.map((id) => (
        <Loader key={id} id={id} onLoaded={(which, what) => setLoaded((before) => new Map(before).set(which, what))} />
      ))}
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={href()}>Experiments</a>
      </nav>
      <h1>Compare {all.length} experiments</h1>
      {metrics.size > 1 && <p class="soft">They optimize different metrics ({[...metrics].join(", ")}): the heights of the lines do not compare.</p>}
      <section class="panel">
        <div class="panel-head">
          <h2>Best so far</h2>
          <div class="segments" role="group" aria-label="Horizontal axis">
            {(Object.keys(byNames) as By[]).map((name) => (
              <button key={name} type="button" aria-pressed={by === name} onClick={() => setQuery({ by: name === "observations" ? null : name })}>
                {name}
              </button>
            ))}
          </div>
        </div>
        {lines.length < all.length ? <Waiting /> : <Chart option={option} height={340} label="Best value so far of each experiment" />}
      </section>
      <section class="panel">
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <td />
                {all.map((one) => (
                  <th key={one.id} scope="col" class="n">
                    <a href={href("experiments", one.id)}>{one.name}</a>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">State</th>
                {all.map((one) => (
                  <td key={one.id} class="n">
                    <ConditionBadge one={one} />
                  </td>
                ))}
              </tr>
              {row("Best value", (one) => number(bestOf(one), 5))}
              {row("Observations", (one) => number(one.progress.observation_count))}
              {row("Failed trials", (one) => number(one.trials.failed))}
              {row("Budget consumed", (one) => `${number(one.progress.observation_budget_consumed, 3)}${one.observation_budget ? ` / ${number(one.observation_budget)}` : ""}`)}
              {row("Time of trials", (one) => duration(one.spend.wall_seconds || null))}
              {row("Dollars", (one) => (one.spend.dollars > 0 ? dollars(one.spend.dollars) : "–"))}
              {row("Suggester", (one) => one.suggester)}
              {parameters.map((name) => row(`Best ${name}`, (one) => assignment(one.progress.best_observation?.assignments[name])))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
