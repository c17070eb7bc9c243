// What a person can do to an experiment.
import { useState } from "preact/hooks";
import { post, put } from "../api";
import type { Experiment, Overview, Parameter } from "../types";
import { Dialog } from "./dialog";
import { doing } from "./toast";

type Question = "ending" | "budget" | "bandwidth" | "queue" | "archive";

const pathOf = (one: Overview) => `/v1/${one.of_runs ? "aiexperiments" : "experiments"}/${one.id}`;

function EndingDialog({ one, onClose }: { one: Overview; onClose: () => void }) {
  const open = one.trials.running + one.trials.waiting;
  return (
    <Dialog
      title="Stop when done?"
      action="Stop when done"
      onClose={onClose}
      onSubmit={() => doing(() => put(pathOf(one), { search: "ending" }), "No new suggestion will be made")}
    >
      <p>
        No new suggestion is made. {open > 0 ? `The ${open} open trials go on to their end; then the experiment is over.` : "No trial is open: the experiment is over at once."} You can resume it later.
      </p>
    </Dialog>
  );
}

function BudgetDialog({ one, onClose }: { one: Overview; onClose: () => void }) {
  const field = one.of_runs ? "budget" : "observation_budget";
  return (
    <Dialog
      title="Observation budget"
      action="Set the budget"
      onClose={onClose}
      onSubmit={(fields) => doing(() => put(pathOf(one), { [field]: Number(fields.get("budget")) }), "The budget is set")}
    >
      <label>
        In costs of the full task
        <input name="budget" type="number" min="0.1" step="any" required autofocus defaultValue={String(one.observation_budget ?? 30)} />
      </label>
      <p class="soft small">{one.progress.observation_budget_consumed.toFixed(1)} are consumed.</p>
    </Dialog>
  );
}

function BandwidthDialog({ one, onClose }: { one: Overview; onClose: () => void }) {
  return (
    <Dialog
      title="Parallel bandwidth"
      action="Set the bandwidth"
      onClose={onClose}
      onSubmit={(fields) => doing(() => put(pathOf(one), { parallel_bandwidth: Number(fields.get("bandwidth")) }), "The bandwidth is set")}
    >
      <label>
        Trials at a time
        <input name="bandwidth" type="number" min="1" max="10000" step="1" required autofocus defaultValue={String(one.parallel_bandwidth ?? Math.max(1, one.trials.running))} />
      </label>
      <p class="soft small">No more trials than these run at a time. Trials that run already go on.</p>
    </Dialog>
  );
}

function AssignmentField({ parameter, value }: { parameter: Parameter; value: number | string | undefined }) {
  const options = parameter.categorical_values?.map((one) => one.name) ?? parameter.grid?.map(String);
  const { bounds } = parameter;
  return (
    <label>
      {parameter.name}
      {options ? (
        <select name={`p:${parameter.name}`}>
          {options.map((name) => (
            <option key={name} selected={name === String(value)}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <input
          name={`p:${parameter.name}`}
          type="number"
          required
          step={parameter.type === "int" ? 1 : "any"}
          min={bounds?.min}
          max={bounds?.max}
          defaultValue={String(value ?? bounds?.min ?? "")}
        />
      )}
      {bounds && (
        <span class="soft small">
          {bounds.min} to {bounds.max}
          {parameter.transformation === "log" ? ", log" : ""}
        </span>
      )}
    </label>
  );
}

interface QueueProps {
  one: Overview;
  experiment: Experiment;
  start?: Record<string, number | string>;
  onClose: () => void;
}

export function QueueDialog({ one, experiment, start, onClose }: QueueProps) {
  const from = start ?? one.progress.best_observation?.assignments ?? {};
  const submit = (fields: FormData) => {
    const assignments: Record<string, number | string> = {};
    for (const conditional of experiment.conditionals) assignments[conditional.name] = String(fields.get(`p:${conditional.name}`));
    for (const parameter of experiment.parameters) {
      const text = String(fields.get(`p:${parameter.name}`) ?? "");
      if (text === "") continue;
      assignments[parameter.name] = parameter.type === "categorical" ? text : Number(text);
    }
    const task = fields.get("task");
    return doing(
      () => post(`/v1/experiments/${one.id}/queued_suggestions`, { assignments, ...(task ? { task: String(task) } : {}) }),
      "The suggestion is queued",
    );
  };
  return (
    <Dialog title="Queue a suggestion" action="Queue" onClose={onClose} onSubmit={submit}>
      <p class="soft small">It is tried before the suggester's own. {!start && one.progress.best_observation ? "The fields start from the best observation." : ""}</p>
      <div class="fields">
        {experiment.conditionals.map((conditional) => (
          <label key={conditional.name}>
            {conditional.name}
            <select name={`p:${conditional.name}`}>
              {conditional.values.map((name) => (
                <option key={name} selected={name === from[conditional.name]}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ))}
        {experiment.parameters.map((parameter) => (
          <AssignmentField key={parameter.name} parameter={parameter} value={from[parameter.name] ?? parameter.default_value} />
        ))}
        {experiment.tasks && (
          <label>
            Task
            <select name="task">
              {experiment.tasks.map((task) => (
                <option key={task.name}>{task.name}</option>
              ))}
            </select>
          </label>
        )}
      </div>
    </Dialog>
  );
}

export function Actions({ one, experiment }: { one: Overview; experiment: Experiment | null }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const close = () => setQuestion(null);
  if (one.state === "deleted")
    return (
      <div class="tools">
        <button type="button" onClick={() => doing(() => put(pathOf(one), { state: "active" }), "The experiment is active again")}>
          Restore
        </button>
      </div>
    );
  const search = (to: "on" | "paused", done: string) => doing(() => put(pathOf(one), { search: to }), done);
  return (
    <div class="tools actions">
      {one.search === "on" ? (
        <button type="button" onClick={() => search("paused", "Paused: no further trial begins")}>
          Pause
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => search("on", "The search goes on")}>
          Resume
        </button>
      )}
      {one.search !== "ending" && (
        <button type="button" onClick={() => setQuestion("ending")}>
          Stop when done
        </button>
      )}
      <button type="button" disabled={!experiment || one.of_runs} onClick={() => setQuestion("queue")}>
        Queue suggestion
      </button>
      <button type="button" onClick={() => setQuestion("budget")}>
        Budget
      </button>
      <button type="button" onClick={() => setQuestion("bandwidth")}>
        Bandwidth
      </button>
      {question === "ending" && <EndingDialog one={one} onClose={close} />}
      {question === "budget" && <BudgetDialog one={one} onClose={close} />}
      {question === "bandwidth" && <BandwidthDialog one={one} onClose={close} />}
      {question === "queue" && experiment && <QueueDialog one={one} experiment={experiment} onClose={close} />}
    </div>
  );
}
