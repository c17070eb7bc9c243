// The parts of a report that answer to the reader, each in its place of the page.
import { useMemo } from "preact/hooks";
import { Chart, useLook } from "../charts/chart";
import { curves } from "../charts/options";
import { type ArmCost, armsTradeOff, bestOverTime, confusionMatrix } from "../charts/report_options";
import { plural } from "../format";
import { TradeOffPanel } from "../pages/overview_tab";
import { Coordinates, Learned } from "../pages/parameters_tab";
import { TrialsTab } from "../pages/trials_tab";
import { Nothing } from "../parts/states";
import { go, href, route, setQuery } from "../route";
import { endOf, type ReportData, type Shown } from "./data";

export interface ViewProps {
  data: ReportData;
  all: Shown[];
}

const open = (id: string, key: string) => go(href("experiments", id, "trials", key));

// One search at a time, the same in every part of the page.
function Chosen({ all, children }: { all: Shown[]; children: (shown: Shown) => preact.ComponentChildren }) {
  const asked = route.value.query.get("search");
  const shown = all.find((one) => one.search.strategy === asked) ?? [...all].sort((a, b) => b.search.count - a.search.count)[0];
  if (!shown) return null;
  return (
    <>
      {all.length > 1 && (
        <div class="segments" role="group" aria-label="Search">
          {all.map((one) => (
            <button key={one.id} type="button" aria-pressed={one === shown} onClick={() => setQuery({ search: one.search.strategy })}>
              {one.search.strategy}
            </button>
          ))}
        </div>
      )}
      <div key={shown.id}>{children(shown)}</div>
    </>
  );
}

export function SearchView({ data, all }: ViewProps) {
  const look = useLook();
  const lines = useMemo(
    () =>
      all.map(({ id, search }) => ({
        name: search.strategy,
        untuned: data.arms.find((arm) => arm.strategy === search.strategy && !arm.tuned)?.validation ?? null,
        points: search.trials
          .filter((trial) => trial.task === data.judged_task && trial.value !== undefined)
          .sort((a, b) => endOf(a) - endOf(b))
          .map((trial) => ({ key: `${id}/${trial.id}`, minutes: endOf(trial) / 60, value: trial.value! })),
      })),
    [data],
  );
  const option = useMemo(() => bestOverTime(lines.filter((line) => line.points.length > 0), look), [lines, look]);
  const words = lines
    .filter((line) => line.points.length > 0)
    .map((line) => `${line.name} reached ${Math.max(...line.points.map((point) => point.value)).toFixed(1)} % in ${plural(line.points.length, "trial")}`);
  return (
    <Chart
      option={option}
      height={340}
      label={`Best validation accuracy so far against minutes: ${words.join("; ")}`}
      onClick={(key) => open(...(key.split("/") as [string, string]))}
    />
  );
}

export function ArmsView({ data }: ViewProps) {
  const look = useLook();
  const asked = route.value.query.get("arm-cost");
  const cost: ArmCost = data.priced && asked !== "minutes" ? "dollars" : "minutes";
  const option = useMemo(() => armsTradeOff(data.arms, cost, look), [data, cost, look]);
  const words = data.arms.filter((arm) => arm.test).map((arm) => `${arm.name} ${arm.test!.value.toFixed(1)} % for ${arm[cost].toPrecision(3)} ${cost}`);
  return (
    <>
      {data.priced && (
        <div class="segments" role="group" aria-label="Cost">
          {(["dollars", "minutes"] as ArmCost[]).map((name) => (
            <button key={name} type="button" aria-pressed={name === cost} onClick={() => setQuery({ "arm-cost": name })}>
              {name}
            </button>
          ))}
        </div>
      )}
      <Chart option={option} height={360} label={`Test accuracy against ${cost}: ${words.join("; ")}`} />
    </>
  );
}

export function TrialsTradeOffView({ all }: ViewProps) {
  return <Chosen all={all}>{({ id, one, loaded }) => <TradeOffPanel one={one} loaded={loaded} onOpen={(key) => open(id, key)} />}</Chosen>;
}

const mostCurves = 5;

function BestCurves({ shown }: { shown: Shown }) {
  const look = useLook();
  const best = useMemo(
    () =>
      shown.search.trials
        .filter((trial) => trial.value !== undefined && (trial.history?.length ?? 0) > 1)
        .sort((a, b) => b.value! - a.value!)
        .slice(0, mostCurves),
    [shown],
  );
  const [accuracy, loss] = useMemo(() => {
    const of = (at: 1 | 3) =>
      best.map((trial) => ({
        name: `#${trial.id}`,
        points: trial.history!.filter((entry) => entry[at] !== null).map((entry): [number, number] => [entry[0], entry[at]!]),
      }));
    return [curves(of(3), "Epochs", look), curves(of(1), "Epochs", look)];
  }, [best, look]);
  if (best.length === 0) return <Nothing title="No curves">No trial of this search was evaluated on the way.</Nothing>;
  const ends = best.map((trial) => `trial ${trial.id} ends at ${trial.value!.toFixed(1)} %`).join("; ");
  return (
    <div class="small-charts">
      <figure>
        <figcaption>Validation accuracy, %</figcaption>
        <Chart option={accuracy} height={280} label={`Validation accuracy of the best trials by epochs: ${ends}`} />
      </figure>
      <figure>
        <figcaption>Training loss</figcaption>
        <Chart option={loss} height={280} label="Training loss of the same trials by epochs" />
      </figure>
    </div>
  );
}

export function CurvesView({ all }: ViewProps) {
  return <Chosen all={all}>{(shown) => <BestCurves shown={shown} />}</Chosen>;
}

export function ParametersView({ all }: ViewProps) {
  return (
    <Chosen all={all}>
      {({ one, loaded, search }) => (
        <>
          <Coordinates one={one} loaded={loaded} />
          {search.insight && <Learned one={one} loaded={loaded} />}
        </>
      )}
    </Chosen>
  );
}

export function ConfusionsView({ data }: ViewProps) {
  const look = useLook();
  const confusions = data.confusions!;
  const option = useMemo(() => confusionMatrix(confusions, look), [confusions, look]);
  const side = confusions.classes.length <= 30 ? 200 + 20 * confusions.classes.length : 660;
  return <Chart option={option} height={Math.min(760, side)} label={`Confusion matrix of ${confusions.classes.length} classes; the table names the most confused`} />;
}

export function TrialsView({ all }: ViewProps) {
  return <Chosen all={all}>{({ one, loaded }) => <TrialsTab one={one} loaded={loaded} />}</Chosen>;
}
