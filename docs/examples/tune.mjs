// Tunes a function with frugal serve, from Node 18 or later.
//
//   FRUGAL_URL=http://127.0.0.1:8265 FRUGAL_TOKEN=$(cat frugal.db.token) node tune.mjs

const { FRUGAL_URL, FRUGAL_TOKEN } = process.env;

async function call(method, path, body) {
  const answer = await fetch(`${FRUGAL_URL}/v1/${path}`, {
    method,
    headers: { Authorization: `Bearer ${FRUGAL_TOKEN}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status}: ${json.message}`);
  return json;
}

// Stands for a training.
const accuracy = ({ learning_rate, layers }) =>
  1 - (learning_rate - 0.3) ** 2 - 0.05 * Math.abs(layers - 3);

const experiment = await call("POST", "experiments", {
  name: "example in JavaScript",
  parameters: [
    { name: "learning_rate", type: "double", bounds: { min: 0.001, max: 1 }, transformation: "log" },
    { name: "layers", type: "int", bounds: { min: 1, max: 8 } },
  ],
  metrics: [{ name: "accuracy", objective: "maximize" }],
  observation_budget: 15,
});
const here = `experiments/${experiment.id}`;

for (let i = 0; i < experiment.observation_budget; ++i) {
  const { id, assignments } = await call("POST", `${here}/suggestions`, {});
  const values = [{ name: "accuracy", value: accuracy(assignments) }];
  await call("POST", `${here}/observations`, { suggestion: id, values });
}

const [best] = (await call("GET", `${here}/best_assignments`)).data;
console.log(JSON.stringify({ assignments: best.assignments, value: best.values[0].value }));
