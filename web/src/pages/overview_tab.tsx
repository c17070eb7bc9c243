import { useMemo } from "preact/hooks";
import { Chart, useLook } from "../charts/chart";
import { bestSoFar, type CostKind, costNames, costOf, tradeOff, twoObjectives } from "../charts/options";
import { ago, number, plural } from "../format";
import { now } from "../live";
import { AssignmentsPanel } from "../parts/assignments";
import { StateBadge } from "../parts/badges";
import { Nothing } from "../parts/states";
import { go, href, route, setQuery } from "../route";
import { observed, type Row, valueOf } from "../rows";
import type { Overview } from "../types";
import { goalOf, type Loaded } from "./use_rows";

const open = (id: string, key: string) => go(href("experiments", id, "trials", key));

function progressOf(row: Row): { share: number | null; text: string } {
  const progress = row.trial?.progress ?? {};
  const { epochs, of, output } = progress as { epochs?: number; of?: number; output?: string };
  if (typeof epochs === "number" && typeof of === "number" && of > 0)
    return { share: Math.min(1, epochs / of), text: `${number(epochs, 3)} of ${number(of)} epochs` };
  if (typeof output === "string" && output !== "") return { share: null, text: output };
  return { share: null, text: row.trial?.attempts && row.trial.attempts > 1 ? `attempt ${row.trial.attempts}` : "" };
}

function OpenTrials({ id, rows }: { id: string; rows: Row[] }) {
  const shown = rows.filter((row) => row.state === "running" || row.state === "open" || row.state === "preempted");
  if (shown.length === 0) return null;
  return (
    <section class="panel">
      <h2>{plural(shown.length, "open trial")}</h2>
      <ul class="open-trials">
        {shown.slice(0, 12).map((row) => {
          const { share, text } = progressOf(row);
          const began = row.trial?.started;
          return (
            <li key={row.key}>
              <a href={href("experiments", id, "trials", row.key)}>Trial {row.key}</a>
              <StateBadge state={row.state} />
              <span class="soft">{row.task?.name ?? ""}</span>
              <span class="soft worker">{row.trial?.worker ?? ""}</span>
              <span class="doing soft" title={text}>
                {share !== null && (
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${share * 100}%` }} />
                  </span>
                )}
                {text}
              </span>
              <span class="soft n">{began ? ago(Math.max(0, now.value - began)) : "waits"}</span>
            </li>
          );
        })}
      </ul>
      {shown.length > 12 && (
        <p class="soft small">
          and {shown.length - 12} more in <a href={`${href("experiments", id, "trials")}?state=open`}>the table of trials</a>
        </p>
      )}
    </section>
  );
}

function BestAssignments({ one }: { one: Overview }) {
  const best = one.progress.best_observation;
  if (!best) return null;
  return <AssignmentsPanel title="Best assignments" of={best.assignments} wide />;
}

interface PanelProps {
  one: Overview;
  loaded: Loaded;
  onOpen: (key: string) => void;
}

// What the trials achieved against what they cost, or against a second objective.
export function TradeOffPanel({ one, loaded, onOpen }: PanelProps) {
  const look = useLook();
  const metric = goalOf(one);
  const second = one.metrics.filter((candidate) => candidate.strategy === "optimize")[1];
  const all = useMemo(() => observed(loaded.rows), [loaded]);
  const kinds = useMemo(
    () => (["wall_seconds", "device_seconds", "dollars", "task"] as CostKind[]).filter((kind) => kind === "task" ? loaded.experiment.tasks : all.some((row) => costOf(row, kind) !== null)),
    [all, loaded],
  );
  const asked = route.value.query.get("cost") as CostKind | null;
  const kind = asked && kinds.includes(asked) ? asked : kinds[0];
  const trade = useMemo(
    () => (second ? twoObjectives(loaded.rows, metric, second, look) : kind ? tradeOff(loaded.rows, metric, kind, look) : null),
    [loaded, look, kind],
  );
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{second ? `${metric.name} against ${second.name}` : `Trade-off: ${metric.name} against cost`}</h2>
        {!second && kinds.length > 1 && kind && (
          <select value={kind} aria-label="Cost" onChange={(event) => setQuery({ cost: event.currentTarget.value })}>
            {kinds.map((name) => (
              <option key={name} value={name}>
                {costNames[name]}
              </option>
            ))}
          </select>
        )}
      </div>
      {trade ? (
        <Chart option={trade} height={300} label={`${metric.name} against what the trials cost`} onClick={onOpen} />
      ) : (
        <Nothing title="No costs">
          <p>Trials report what they cost when workers run them under a lease.</p>
        </Nothing>
      )}
    </section>
  );
}

export function OverviewTab({ one, loaded }: { one: Overview; loaded: Loaded }) {
  const look = useLook();
  const metric = goalOf(one);
  const all = useMemo(() => observed(loaded.rows), [loaded]);
  const best = useMemo(() => bestSoFar(loaded.rows, metric, look), [loaded, look]);
  const hasValues = all.some((row) => valueOf(row, metric.name) !== null);
  const onOpen = (key: string) => open(one.id, key);
  if (!hasValues)
    return (
      <>
        <OpenTrials id={one.id} rows={loaded.rows} />
        <Nothing title={all.length > 0 ? "Every trial failed so far" : "Nothing observed yet"}>
          {all.length > 0 ? (
            <a href={`${href("experiments", one.id, "trials")}?state=failed`}>See why</a>
          ) : (
            <p>The charts appear with the first observation.</p>
          )}
        </Nothing>
      </>
    );
  return (
    <>
      <div class="pair">
        <section class="panel">
          <div class="panel-head">
            <h2>Best {metric.name} so far</h2>
          </div>
          <Chart option={best} height={300} label={`Values of ${metric.name} by observation, with the best so far`} onClick={onOpen} />
        </section>
        <TradeOffPanel one={one} loaded={loaded} onOpen={onOpen} />
      </div>
      <OpenTrials id={one.id} rows={loaded.rows} />
      <BestAssignments one={one} />
    </>
  );
}
