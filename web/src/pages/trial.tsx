import { useEffect, useMemo, useState } from "preact/hooks";
import { post } from "../api";
import { Chart, useLook } from "../charts/chart";
import { curves, type Series } from "../charts/options";
import { bytes, dash, dollars, duration, number, time } from "../format";
import { experiments, mayWrite } from "../live";
import { QueueDialog } from "../parts/actions";
import { AssignmentsPanel } from "../parts/assignments";
import { StateBadge } from "../parts/badges";
import { Dialog } from "../parts/dialog";
import { Failed, Nothing, Waiting } from "../parts/states";
import { doing } from "../parts/toast";
import { go, href } from "../route";
import type { Row } from "../rows";
import type { Metric, Overview } from "../types";
import { TrialPictures } from "./trial_pictures";
import { goalOf, type Loaded, useRows } from "./use_rows";

type Entry = Record<string, unknown>;
const axes = ["epochs", "epoch", "step", "steps", "iteration"];

function historyOf(row: Row): Entry[] {
  const found = row.observation?.metadata.history ?? row.trial?.progress.history;
  return Array.isArray(found) ? found.filter((entry): entry is Entry => typeof entry === "object" && entry !== null) : [];
}

// Everything that was recorded along the way, by what it was recorded against.
export function seriesOf(row: Row, metric: Metric): { x: string; groups: Series[][] } {
  const history = historyOf(row);
  if (history.length > 1) {
    const x = axes.find((name) => typeof history[0]![name] === "number") ?? "";
    const names = Object.keys(history[0]!).filter((name) => name !== x && name !== "wall_seconds" && typeof history[0]![name] === "number");
    const all = names.map((name): Series => ({
      name,
      points: history
        .map((entry, i): [number, number] => [x ? Number(entry[x]) : i + 1, Number(entry[name])])
        .filter(([, value]) => Number.isFinite(value)),
    }));
    const kindOf = (name: string) => (name.includes("loss") ? "loss" : name.includes("rate") ? "rate" : "value");
    const groups = ["value", "loss", "rate"].map((kind) => all.filter((one) => kindOf(one.name) === kind)).filter((group) => group.length > 0);
    return { x: x || "report", groups };
  }
  const passed = row.onTheWay
    .map((observation): [number, number] => [observation.task?.cost ?? 1, observation.values[0]?.value ?? NaN])
    .filter(([, value]) => Number.isFinite(value));
  if (passed.length > 0 && row.value !== null) passed.push([row.task?.cost ?? 1, row.value]);
  if (passed.length < 2) return { x: "", groups: [] };
  return { x: "task cost", groups: [[{ name: metric.name, points: passed.sort((a, b) => a[0] - b[0]) }]] };
}

export function Curves({ row, metric }: { row: Row; metric: Metric }) {
  const look = useLook();
  const { x, groups } = useMemo(() => seriesOf(row, metric), [row]);
  const options = useMemo(() => groups.map((group) => curves(group, x, look)), [groups, look]);
  if (options.length === 0) return null;
  return (
    <section class="panel">
      <h2>Learning curve</h2>
      <div class="small-charts">
        {options.map((option, i) => (
          <Chart key={groups[i]![0]!.name} option={option} height={250} label={`${groups[i]!.map((one) => one.name).join(" and ")} by ${x}`} />
        ))}
      </div>
    </section>
  );
}

interface Event {
  at: number | null;
  text: string;
}

function eventsOf(row: Row): Event[] {
  const { trial, observation } = row;
  const events: Event[] = [];
  if (trial) {
    events.push({ at: trial.created, text: trial.purpose === "queued" ? "queued by request" : "suggested" });
    if (trial.started) events.push({ at: trial.started, text: trial.worker ? `begun by ${trial.worker}` : "taken by a client" });
    if (trial.attempts > 1) events.push({ at: null, text: `${trial.attempts} attempts` });
    for (const passed of row.onTheWay) events.push({ at: passed.created, text: `passed ${passed.task?.name}: ${number(passed.values[0]?.value)}` });
    if (trial.checkpoint) events.push({ at: null, text: `checkpoint ${trial.checkpoint}` });
  }
  if (observation) events.push({ at: observation.created, text: observation.failed ? "observed: failed" : `observed: ${observation.values.map((one) => `${one.name} ${number(one.value, 5)}`).join(", ")}` });
  if (trial?.ended) events.push({ at: trial.ended, text: trial.state === "failed" ? `failed${trial.reason ? `: ${trial.reason}` : ""}` : trial.state });
  return events;
}

function Log({ row }: { row: Row }) {
  const { output } = (row.trial?.progress ?? {}) as { output?: unknown };
  const messages = row.trial?.metadata.messages;
  return (
    <section class="panel">
      <h2>Log</h2>
      <ol class="log">
        {eventsOf(row).map((event, i) => (
          <li key={i}>
            <span class="soft">{event.at ? time(event.at) : ""}</span>
            <span>{event.text}</span>
          </li>
        ))}
      </ol>
      {typeof output === "string" && output !== "" && (
        <>
          <h3>Last output</h3>
          <pre>{output}</pre>
        </>
      )}
      {Array.isArray(messages) && messages.length > 0 && <pre>{messages.map(String).join("\n")}</pre>}
    </section>
  );
}

export function Costs({ row }: { row: Row }) {
  const { trial } = row;
  if (!trial) return null;
  const entries: [string, string][] = [
    ["Wall time", duration(trial.wall_seconds || null)],
    ["Processor time", duration(trial.cpu_seconds || null)],
    ["Device time", duration(trial.device_seconds || null)],
    ["Share of the machine", duration(trial.machine_seconds || null)],
    ["Peak memory", bytes(trial.peak_memory_bytes)],
    ["Dollars", trial.dollars > 0 ? dollars(trial.dollars) : dash],
    ["Attempts", String(trial.attempts)],
  ];
  return (
    <section class="panel">
      <h2>Cost</h2>
      <dl class="pairs">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function TrialActions({ one, row, loaded }: { one: Overview; row: Row; loaded: Loaded }) {
  const [question, setQuestion] = useState<"stop" | "queue" | null>(null);
  const { trial } = row;
  const isOpen = trial && trial.state !== "done" && trial.state !== "failed";
  const isStopping = Boolean(isOpen && trial.reason !== "");
  return (
    <div class="tools">
      {isOpen && (
        <button type="button" class="danger" disabled={isStopping} onClick={() => setQuestion("stop")}>
          {isStopping ? "Stopping…" : "Stop trial"}
        </button>
      )}
      {!one.of_runs && (
        <button type="button" onClick={() => setQuestion("queue")}>
          Queue again
        </button>
      )}
      {question === "stop" && (
        <Dialog
          title={`Stop trial ${trial!.id}?`}
          action="Stop trial"
          isDanger
          onClose={() => setQuestion(null)}
          onSubmit={() => doing(() => post(`/v1/trials/${trial!.id}/stop`), trial!.state === "running" ? "Its worker is told at the next heartbeat" : "The trial is stopped")}
        >
          <p>It ends without an observation: it costs no budget, and the suggester learns nothing of it.</p>
        </Dialog>
      )}
      {question === "queue" && <QueueDialog one={one} experiment={loaded.experiment} start={row.assignments} onClose={() => setQuestion(null)} />}
    </div>
  );
}

export function TrialPage({ experiment: id, trial: key }: { experiment: string; trial: string }) {
  const one = experiments.value!.get(id);
  const { loaded, error, again } = useRows(id);
  const at = loaded ? loaded.rows.findIndex((row) => row.key === key) : -1;
  const older = loaded?.rows[at + 1]?.key;
  const newer = at > 0 ? loaded?.rows[at - 1]?.key : undefined;
  const to = (other: string) => href("experiments", id, "trials", other);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.closest("input, select, textarea, dialog, [role=grid]")) return;
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "ArrowLeft" && older) go(to(older));
      if (event.key === "ArrowRight" && newer) go(to(newer));
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [older, newer]);
  if (!one) return <Nothing title={`There is no experiment ${id}`}><a href={href()}>All experiments</a></Nothing>;
  if (!loaded) return error ? <Failed title="The trial cannot be shown" message={error.message} again={again} /> : <Waiting label="Loading the trial" />;
  const row = loaded.rows[at];
  if (!row)
    return (
      <Nothing title={`There is no trial ${key} in this experiment`}>
        <a href={href("experiments", id, "trials")}>All trials</a>
      </Nothing>
    );
  const metric = goalOf(one);
  return (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={href()}>Experiments</a>
        <a href={href("experiments", id)}>{one.name}</a>
        <a href={href("experiments", id, "trials")}>Trials</a>
        <span class="steps">
          {older ? <a href={to(older)} rel="prev" title="The one before (←)">← {older}</a> : null}
          {newer ? <a href={to(newer)} rel="next" title="The next one (→)">{newer} →</a> : null}
        </span>
      </nav>
      <div class="title">
        <div>
          <h1>
            {row.trial ? `Trial ${key}` : `Observation ${row.observation!.id}`} <StateBadge state={row.state} />
          </h1>
          <p class="soft small">
            {[row.task?.name && `task ${row.task.name}`, row.trial?.worker && `worker ${row.trial.worker}`, row.trial?.purpose === "queued" && "queued by request", !row.trial && "reported without a suggestion"]
              .filter(Boolean)
              .join(" · ")}
          </p>
        </div>
        {mayWrite.value && <TrialActions one={one} row={row} loaded={loaded} />}
      </div>
      <dl class="figures">
        {(row.observation?.values ?? []).map((value) => (
          <div key={value.name}>
            <dt>{value.name}</dt>
            <dd>
              {number(value.value, 5)}
              <small>{value.value_stddev ? `± ${number(value.value_stddev, 2)}` : value.name === metric.name ? metric.objective : ""}</small>
            </dd>
          </div>
        ))}
        {!row.observation && (
          <div>
            <dt>{metric.name}</dt>
            <dd>
              {dash}
              <small>not observed{row.state === "failed" ? "" : " yet"}</small>
            </dd>
          </div>
        )}
        <div>
          <dt>Task</dt>
          <dd>
            {row.task?.name ?? "full"}
            <small>cost {number(row.task?.cost ?? 1)}</small>
          </dd>
        </div>
        <div>
          <dt>Wall time</dt>
          <dd>
            {duration(row.trial?.wall_seconds || null)}
            <small>{row.trial && row.trial.dollars > 0 ? dollars(row.trial.dollars) : row.trial?.wall_seconds ? "as its worker measured" : "not reported"}</small>
          </dd>
        </div>
      </dl>
      <Curves row={row} metric={metric} />
      <div class="triple">
        <AssignmentsPanel of={row.assignments} />
        <Costs row={row} />
        <Log row={row} />
      </div>
      <TrialPictures experiment={loaded.experiment} row={row} />
    </>
  );
}
