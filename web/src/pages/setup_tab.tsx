import { number, time } from "../format";
import type { Overview, Parameter } from "../types";
import type { Loaded } from "./use_rows";

function rangeOf(parameter: Parameter): string {
  if (parameter.categorical_values) return parameter.categorical_values.map((one) => one.name).join(", ");
  if (parameter.grid) return parameter.grid.map((value) => number(value)).join(", ");
  return parameter.bounds ? `${number(parameter.bounds.min)} to ${number(parameter.bounds.max)}` : "";
}

export function SetupTab({ one, loaded }: { one: Overview; loaded: Loaded }) {
  const { experiment } = loaded;
  const entries: [string, string][] = [
    ["Type", one.type],
    ["Suggester", one.suggester],
    ["Project", one.project ?? "none"],
    ["Parallel bandwidth", one.parallel_bandwidth === null ? "without a limit" : String(one.parallel_bandwidth)],
    ["Created", time(one.created)],
    ["Changed", time(one.updated)],
  ];
  return (
    <div class="pair">
      <section class="panel">
        <h2>Parameters</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Values</th>
              </tr>
            </thead>
            <tbody>
              {experiment.conditionals.map((conditional) => (
                <tr key={conditional.name}>
                  <th scope="row">{conditional.name}</th>
                  <td>conditional</td>
                  <td>{conditional.values.join(", ")}</td>
                </tr>
              ))}
              {experiment.parameters.map((parameter) => (
                <tr key={parameter.name}>
                  <th scope="row">{parameter.name}</th>
                  <td>
                    {parameter.type}
                    {parameter.transformation === "log" ? ", log" : ""}
                  </td>
                  <td>{rangeOf(parameter)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section class="panel">
        <h2>Metrics and tasks</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col">Strategy</th>
                <th scope="col">Objective</th>
                <th scope="col" class="n">Threshold</th>
              </tr>
            </thead>
            <tbody>
              {one.metrics.map((metric) => (
                <tr key={metric.name}>
                  <th scope="row">{metric.name}</th>
                  <td>{metric.strategy}</td>
                  <td>{metric.objective}</td>
                  <td class="n">{number(metric.threshold)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {experiment.tasks && (
          <table>
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col" class="n">Cost</th>
              </tr>
            </thead>
            <tbody>
              {experiment.tasks.map((task) => (
                <tr key={task.name}>
                  <th scope="row">{task.name}</th>
                  <td class="n">{number(task.cost)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <dl class="pairs">
          {entries.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      {Object.keys(one.metadata).length > 0 && (
        <section class="panel">
          <h2>Metadata</h2>
          <pre>{JSON.stringify(one.metadata, null, 2)}</pre>
        </section>
      )}
    </div>
  );
}
