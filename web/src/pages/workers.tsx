import { ago, dash, duration } from "../format";
import { experiments, now, workers } from "../live";
import { Nothing } from "../parts/states";
import { href } from "../route";
import type { Worker } from "../types";

const lateSeconds = 15;
const lostSeconds = 60;

function pulse(worker: Worker): { kind: string; name: string } {
  const silent = now.value - worker.heard;
  if (silent > lostSeconds) return { kind: "failed", name: "silent" };
  if (silent > lateSeconds) return { kind: "paused", name: "late" };
  return worker.state === "working" ? { kind: "running", name: "working" } : { kind: "open", name: "waiting" };
}

export function WorkersPage() {
  const all = [...workers.value].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  if (all.length === 0)
    return (
      <>
        <h1>Workers</h1>
        <Nothing title="No worker has been heard of">
          <p>
            Workers appear here when they take leases: <code>frugal worker --coordinator {window.location.origin}</code>. Clients of SigOpt's API
            work without leases, and are not listed.
          </p>
        </Nothing>
      </>
    );
  return (
    <>
      <h1>Workers</h1>
      <div class="scroll">
        <table class="workers">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">State</th>
              <th scope="col">Experiment</th>
              <th scope="col">Trial</th>
              <th scope="col" class="n">Last heard</th>
              <th scope="col" class="n">Known for</th>
              <th scope="col" class="n">Trials ended</th>
            </tr>
          </thead>
          <tbody>
            {all.map((worker) => {
              const { kind, name } = pulse(worker);
              const experiment = worker.experiment ? experiments.value?.get(worker.experiment) : undefined;
              return (
                <tr key={worker.name}>
                  <th scope="row">{worker.name}</th>
                  <td>
                    <span class={`badge ${kind}`}>{name}</span>
                  </td>
                  <td>{experiment ? <a href={href("experiments", experiment.id)}>{experiment.name}</a> : dash}</td>
                  <td>
                    {worker.trial && worker.experiment ? <a href={href("experiments", worker.experiment, "trials", worker.trial)}>trial {worker.trial}</a> : dash}
                  </td>
                  <td class="n">{ago(Math.max(0, now.value - worker.heard))}</td>
                  <td class="n">{duration(Math.floor(now.value - worker.since))}</td>
                  <td class="n">{worker.ended_trials}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
