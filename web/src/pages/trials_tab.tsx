import { useMemo } from "preact/hooks";
import { assignment, dash, duration, number, plural, time } from "../format";
import { StateBadge } from "../parts/badges";
import { Nothing } from "../parts/states";
import { type Column, sorted, Table } from "../parts/table";
import { go, href, route, setQuery } from "../route";
import { deviationOf, mostRows, type Row, valueOf } from "../rows";
import { brushed } from "../selection";
import type { Overview } from "../types";
import { goalOf, type Loaded } from "./use_rows";

function columnsOf(one: Overview, loaded: Loaded): Column[] {
  const { experiment, rows } = loaded;
  const metric = goalOf(one);
  const hasCost = rows.some((row) => row.trial && row.trial.wall_seconds > 0);
  const hasDeviation = rows.some((row) => deviationOf(row, metric.name) !== null);
  const hasWorker = rows.some((row) => row.trial?.worker);
  const columns: Column[] = [
    { id: "trial", title: "Trial", isNumber: true, width: 70, of: (row) => row.order, show: (row) => row.key },
    { id: "state", title: "State", width: 96, of: (row) => row.state, show: (row) => <StateBadge state={row.state} /> },
  ];
  if (experiment.tasks) columns.push({ id: "task", title: "Task", width: 84, of: (row) => row.task?.cost ?? null, show: (row) => row.task?.name ?? dash });
  for (const { name } of [metric, ...one.metrics.filter((other) => other.name !== metric.name)])
    columns.push({
      id: `m:${name}`,
      title: name,
      isNumber: true,
      width: 96,
      of: (row) => valueOf(row, name),
      show: (row) => <strong>{number(valueOf(row, name))}</strong>,
    });
  if (hasDeviation)
    columns.push({ id: "deviation", title: "± sd", isNumber: true, width: 72, of: (row) => deviationOf(row, metric.name), show: (row) => number(deviationOf(row, metric.name), 2) });
  for (const name of [...experiment.conditionals.map((one) => one.name), ...experiment.parameters.map((one) => one.name)]) {
    const isNumber = experiment.parameters.find((one) => one.name === name)?.type !== "categorical" && !experiment.conditionals.some((one) => one.name === name);
    columns.push({
      id: `p:${name}`,
      title: name,
      isNumber,
      width: Math.max(92, Math.min(160, 34 + name.length * 7)),
      of: (row) => row.assignments[name] ?? null,
      show: (row) => assignment(row.assignments[name]),
    });
  }
  if (hasCost)
    columns.push({
      id: "wall",
      title: "Wall time",
      isNumber: true,
      width: 98,
      of: (row) => row.trial?.wall_seconds || null,
      show: (row) => duration(row.trial?.wall_seconds || null),
    });
  if (hasWorker) columns.push({ id: "worker", title: "Worker", width: 96, of: (row) => row.trial?.worker || null, show: (row) => row.trial?.worker || dash });
  columns.push({ id: "created", title: "Begun", isNumber: true, width: 92, of: (row) => row.trial?.started ?? row.created, show: (row) => time(row.trial?.started ?? row.created) });
  return columns;
}

const texts = new WeakMap<Row, string>(); // what a row is found by

function textOf(row: Row): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = [
    row.key,
    row.state,
    row.task?.name ?? "",
    row.trial?.worker ?? "",
    row.trial?.reason ?? "",
    ...Object.entries(row.assignments).map(([name, value]) => `${name}=${typeof value === "string" ? value : number(value)}`),
  ]
    .join(" ")
    .toLowerCase();
  texts.set(row, text);
  return text;
}

const matches = (row: Row, words: string[]) => words.every((word) => textOf(row).includes(word));

const isOpen = (row: Row) => row.state === "running" || row.state === "open" || row.state === "preempted";

function download(one: Overview, rows: Row[], columns: Column[]) {
  const quote = (value: unknown) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const lines = [columns.map((column) => quote(column.title)), ...rows.map((row) => columns.map((column) => quote(column.of(row))))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => line.join(",")).join("\n")], { type: "text/csv" }));
  link.download = `experiment-${one.id}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function TrialsTab({ one, loaded }: { one: Overview; loaded: Loaded }) {
  const { query } = route.value;
  const text = query.get("q") ?? "";
  const state = query.get("state") ?? "";
  const task = query.get("task") ?? "";
  const sort = query.get("sort") ?? "trial";
  const isDescending = query.get("down") !== "0";
  const onlyBrushed = query.get("brushed") === "1" && brushed.value?.experiment === one.id ? brushed.value.keys : null;

  const columns = useMemo(() => columnsOf(one, loaded), [loaded]);
  const shown = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = loaded.rows.filter(
      (row) =>
        (state === "" || (state === "open" ? isOpen(row) : row.state === state)) &&
        (task === "" || row.task?.name === task) &&
        (!onlyBrushed || onlyBrushed.has(row.key)) &&
        matches(row, words),
    );
    return sorted(chosen, columns.find((column) => column.id === sort), isDescending);
  }, [loaded, text, state, task, sort, isDescending, onlyBrushed, columns]);

  if (loaded.rows.length === 0) return <Nothing title="No trial yet">A trial appears here when a suggestion is asked for, or a worker takes a lease.</Nothing>;
  const tasks = loaded.experiment.tasks;
  return (
    <section>
      <div class="filters">
        <input type="search" data-search placeholder="Filter  /" aria-label="Filter trials" title="Words such as adam, lr=0.01, failed" value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        <select aria-label="State" value={state} onChange={(event) => setQuery({ state: event.currentTarget.value })}>
          <option value="">All states</option>
          <option value="open">Open</option>
          <option value="done">Done</option>
          <option value="failed">Failed</option>
        </select>
        {tasks && (
          <select aria-label="Task" value={task} onChange={(event) => setQuery({ task: event.currentTarget.value })}>
            <option value="">All tasks</option>
            {tasks.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        )}
        {onlyBrushed && (
          <button type="button" class="chip" onClick={() => setQuery({ brushed: null })}>
            chosen on the coordinates ×
          </button>
        )}
        <span class="soft small count-text" role="status">
          {shown.length === loaded.rows.length ? plural(shown.length, "trial") : `${shown.length} of ${plural(loaded.rows.length, "trial")}`}
          {loaded.total > mostRows && `; the newest of ${loaded.total.toLocaleString("en-US")}`}
        </span>
        <button type="button" class="csv" onClick={() => download(one, shown, columns)}>
          CSV
        </button>
      </div>
      {shown.length === 0 ? (
        <Nothing title="No trial matches">
          <button type="button" onClick={() => setQuery({ q: null, state: null, task: null, brushed: null })}>
            Show all
          </button>
        </Nothing>
      ) : (
        <Table
          rows={shown}
          columns={columns}
          sort={sort}
          isDescending={isDescending}
          onSort={(column, down) => setQuery({ sort: column, down: down ? null : "0" })}
          onOpen={(row) => go(href("experiments", one.id, "trials", row.key))}
          height="max(26rem, calc(100vh - 27rem))"
        />
      )}
    </section>
  );
}
