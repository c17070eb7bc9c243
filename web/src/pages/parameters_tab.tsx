import type { ECharts } from "echarts/core";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, brought, get } from "../api";
import { Chart, useLook } from "../charts/chart";
import { dependence, dimensions, importances, parallel } from "../charts/options";
import { assignment, plural } from "../format";
import { Failed, Nothing, Waiting } from "../parts/states";
import { href, route, setQuery } from "../route";
import { observed, type Row, valueOf } from "../rows";
import { brushed } from "../selection";
import type { Insight, Overview } from "../types";
import { goalOf, type Loaded } from "./use_rows";

const mostLines = 2000;
const learnAgain = 1.1; // so many times the observations

function useInsight(id: string, observations: number) {
  const path = `/v1/experiments/${id}/insight`;
  // What the page brings along is drawn with the rest of it.
  const [insight, setInsight] = useState(() => brought<Insight>(path));
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(insight ? observations : 0);
  const learn = async () => {
    asked.current = observations;
    setError(null);
    try {
      setInsight(await get<Insight>(path));
    } catch (reason) {
      setError(reason instanceof ApiError ? reason.message : String(reason));
    }
  };
  useEffect(() => {
    if (observations >= Math.max(asked.current * learnAgain, asked.current + 3)) void learn();
  }, [observations]);
  return { insight, error, learn };
}

function useNarrow() {
  const media = useMemo(() => window.matchMedia("(max-width: 700px)"), []);
  const [isNarrow, setNarrow] = useState(media.matches);
  useEffect(() => {
    const change = () => setNarrow(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return isNarrow;
}

export function Coordinates({ one, loaded }: { one: Overview; loaded: Loaded }) {
  const look = useLook();
  const isNarrow = useNarrow();
  const metric = goalOf(one);
  const chart = useRef<ECharts | null>(null);
  const rows = useMemo(
    () => observed(loaded.rows).filter((row) => valueOf(row, metric.name) !== null).slice(-mostLines),
    [loaded],
  );
  const shown = useRef<Row[]>(rows);
  shown.current = rows;
  const dims = useMemo(() => dimensions(loaded.experiment, metric), [loaded.experiment]);
  const option = useMemo(() => parallel(rows, dims, metric, look, isNarrow), [rows, dims, look, isNarrow]);
  const selection = brushed.value;
  const isBrushed = selection !== null && selection.experiment === one.id;

  const setUp = (made: ECharts) => {
    chart.current = made;
    made.on("axisareaselected", () => {
      const options = made.getOption() as { series: { data: { key: string }[] }[]; parallelAxis: { areaSelectStyle: unknown }[] };
      const model = (made as unknown as { getModel: () => { getSeries: () => { getRawIndicesByActiveState: (state: string) => number[] }[] } }).getModel();
      const indices = model.getSeries()[0]!.getRawIndicesByActiveState("active");
      const all = options.series[0]!.data;
      const keys = new Set(indices.map((index) => all[index]!.key));
      brushed.value = indices.length === 0 || indices.length === all.length ? null : { experiment: one.id, keys };
    });
  };
  const clear = () => {
    brushed.value = null;
    dims.forEach((_, index) => chart.current?.dispatchAction({ type: "axisAreaSelect", parallelAxisIndex: index, intervals: [] }));
  };
  if (rows.length === 0) return <Nothing title="Nothing observed yet">The lines appear with the first value.</Nothing>;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Parallel coordinates</h2>
        <p class="soft small">
          {isBrushed ? (
            <>
              <a href={`${href("experiments", one.id, "trials")}?brushed=1`}>{plural(selection.keys.size, "trial")} chosen: see them</a>{" "}
              <button type="button" class="link" onClick={clear}>
                Clear
              </button>
            </>
          ) : (
            `Draw along an axis to choose trials; ${plural(rows.length, "line")}`
          )}
        </p>
      </div>
      <Chart option={option} height={isNarrow ? Math.max(420, dims.length * 62) : 380} label="Parallel coordinates: a line for each trial through its assignments and its value" setUp={setUp} key={isNarrow ? "narrow" : "wide"} />
    </section>
  );
}

export function Learned({ one, loaded }: { one: Overview; loaded: Loaded }) {
  const look = useLook();
  const metric = goalOf(one);
  const count = one.progress.observation_count;
  const { insight, error, learn } = useInsight(one.id, count);
  const kind = route.value.query.get("curves") === "slices" ? "slices" : "means";
  const effects = useMemo(
    () => (insight?.importance?.overall.total ?? []).map((effect) => ({ name: effect.parameters[0]!, ...effect.share })),
    [insight],
  );
  const chart = useMemo(() => importances(effects, look), [effects, look]);
  const curves = kind === "slices" ? insight?.slices : insight?.partial_dependences;
  const options = useMemo(
    () =>
      (curves ?? [])
        .filter((curve) => curve.parameters.length === 1)
        .map((curve) => ({
          name: curve.parameters[0]!,
          option: dependence(curve, loaded.experiment.parameters.find((one) => one.name === curve.parameters[0]), metric, look),
        })),
    [curves, look],
  );
  if (error) return <Failed title="What mattered cannot be said" message={error} again={learn} />;
  if (!insight)
    return (
      <section class="panel">
        <h2>Importances</h2>
        <Waiting label="The model is being fitted" />
      </section>
    );
  if (insight.lacking)
    return (
      <section class="panel">
        <h2>Importances</h2>
        <Nothing title="Not enough yet">{insight.lacking}</Nothing>
      </section>
    );
  return (
    <>
      <section class="panel">
        <div class="panel-head">
          <h2>Importances</h2>
          <p class="soft small">
            Share of the variance of {metric.name} that each parameter takes part in; from {plural(insight.observations ?? 0, "observation")}{" "}
            {count > (insight.observations ?? 0) && (
              <button type="button" class="link" onClick={learn}>
                Fit again
              </button>
            )}
          </p>
        </div>
        <Chart option={chart} height={48 + effects.length * 26} label={`Importances: ${effects.map((effect) => `${effect.name} ${Math.round(effect.value * 100)} percent`).join(", ")}`} />
        {insight.notes && insight.notes.length > 0 && <p class="soft small">Note: {insight.notes.join("; ")}.</p>}
      </section>
      {options.length > 0 && (
        <section class="panel">
          <div class="panel-head">
            <h2>{kind === "slices" ? "Slices through the best assignments" : `Mean ${metric.name} over the other parameters`}</h2>
            <div class="segments" role="group" aria-label="Kind of curve">
              <button type="button" aria-pressed={kind === "means"} onClick={() => setQuery({ curves: null })}>
                Means
              </button>
              <button type="button" aria-pressed={kind === "slices"} onClick={() => setQuery({ curves: "slices" })}>
                Slices
              </button>
            </div>
          </div>
          <div class="small-charts">
            {options.map(({ name, option }) => (
              <figure key={`${kind}/${name}`}>
                <Chart option={option} height={210} label={`${metric.name} by ${name}`} />
              </figure>
            ))}
          </div>
          {kind === "slices" && insight.best && (
            <p class="soft small">
              The other parameters as in{" "}
              {Object.entries(insight.best)
                .map(([name, value]) => `${name} ${assignment(value)}`)
                .join(", ")}
              .
            </p>
          )}
        </section>
      )}
    </>
  );
}

export function ParametersTab({ one, loaded }: { one: Overview; loaded: Loaded }) {
  return (
    <>
      <Coordinates one={one} loaded={loaded} />
      <Learned one={one} loaded={loaded} />
    </>
  );
}
