// What a trial showed to its network, and what the network then took for what.
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, get } from "../api";
import { Chart, useLook } from "../charts/chart";
import { confusionMatrix } from "../charts/report_options";
import { number, plural } from "../format";
import { Failed, Nothing, Waiting } from "../parts/states";
import type { Row } from "../rows";
import type { AugmentedSamples, Experiment } from "../types";

type Mistake = [label: number, prediction: number, count: number];

interface Confusions {
  photographs: number[];
  mistakes: Mistake[];
  left_out: number;
  classes?: string[];
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

// As docs/http_api.md says they are reported; null for anything else, for any program may report.
function confusionsOf(row: Row): Confusions | null {
  const found = row.observation?.metadata.confusions as Partial<Confusions> | undefined;
  if (typeof found !== "object" || found === null) return null;
  const { photographs, mistakes, left_out = 0, classes = [] } = found;
  if (!Array.isArray(photographs) || !photographs.every(isCount) || !Array.isArray(mistakes) || !isCount(left_out)) return null;
  const isMistake = (one: unknown) => Array.isArray(one) && one.length === 3 && one.every(isCount) && one.slice(0, 2).every((label) => label < photographs.length);
  return mistakes.every(isMistake) && Array.isArray(classes) ? { photographs, mistakes, left_out, classes } : null;
}

function namesOf(experiment: Experiment, of: Confusions): string[] {
  const { classes } = experiment.metadata;
  const names = Array.isArray(classes) ? classes : [];
  return of.photographs.map((_, i) => String(of.classes?.[i] ?? names[i] ?? `class ${i}`));
}

const mostPairs = 12;
const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);

function Matrix({ classes, of }: { classes: string[]; of: Confusions }) {
  const look = useLook();
  const option = useMemo(() => {
    const right = [...of.photographs];
    for (const [label, , count] of of.mistakes) right[label]! -= count;
    const cells = [...right.map((count, i): Mistake => [i, i, count]), ...of.mistakes].filter(([, , count]) => count > 0);
    return confusionMatrix({ classes, cells }, look);
  }, [of, look]);
  const height = classes.length <= 30 ? 200 + 20 * classes.length : 560;
  return <Chart option={option} height={Math.min(560, height)} label={`Confusion matrix of ${classes.length} classes; the table names the most frequent mistakes`} />;
}

function Pairs({ classes, of }: { classes: string[]; of: Confusions }) {
  const more = of.mistakes.length - mostPairs;
  return (
    <div>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Is a</th>
              <th scope="col">Taken for a</th>
              <th scope="col" class="n">Times</th>
              <th scope="col" class="n">Of</th>
            </tr>
          </thead>
          <tbody>
            {of.mistakes.slice(0, mostPairs).map(([label, prediction, count]) => (
              <tr key={`${label} ${prediction}`}>
                <td>{classes[label]}</td>
                <td>{classes[prediction]}</td>
                <td class="n">{number(count)}</td>
                <td class="n">{number(of.photographs[label])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="soft small more">And {plural(more, "rarer pair")}.</p>}
    </div>
  );
}

const whyNoConfusions = (row: Row) =>
  row.state === "done" ? "Its observation brought none." : row.state === "failed" ? "The trial has no result." : "They come with the trial’s result.";

function ConfusionsPanel({ experiment, row }: { experiment: Experiment; row: Row }) {
  const found = useMemo(() => confusionsOf(row), [row]);
  if (!found)
    return (
      <section class="panel">
        <h2>Confusions</h2>
        <Nothing title="No confusions">{whyNoConfusions(row)}</Nothing>
      </section>
    );
  const classes = namesOf(experiment, found);
  const all = total(found.photographs);
  const wrong = total(found.mistakes.map(([, , count]) => count)) + found.left_out;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Confusions</h2>
        <span class="soft small">
          {number(wrong)} of {plural(all, "photograph")} mistaken
        </span>
      </div>
      {wrong === 0 ? (
        <Nothing title="No mistake">Every photograph was recognized.</Nothing>
      ) : (
        <div class="pair">
          <Pairs classes={classes} of={found} />
          {found.left_out === 0 && <Matrix classes={classes} of={found} />}
        </div>
      )}
    </section>
  );
}

// Asked once for each trial: what it shows its network does not change.
function useSamples(path: string) {
  const [samples, setSamples] = useState<AugmentedSamples | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isGone = false;
    setSamples(null);
    setError(null);
    get<AugmentedSamples>(path).then(
      (answer) => isGone || setSamples(answer),
      (reason) => isGone || setError(reason instanceof ApiError ? reason : new ApiError(0, String(reason))),
    );
    return () => {
      isGone = true;
    };
  }, [path, tries]);
  return { samples, error, again: () => setTries(tries + 1) };
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function Sheet({ of }: { of: AugmentedSamples }) {
  return (
    <figure class="sheet">
      <img
        src={`data:image/jpeg;base64,${of.jpeg}`}
        width={of.width}
        height={of.height}
        alt={`A sheet of ${plural(of.photographs!, "training photograph")}, and ${plural(of.variants!, "augmented variant")} below each`}
      />
      <figcaption class="soft small">Training photographs, in the first row as they are, below as this trial shows them to the network: {of.transforms}.</figcaption>
    </figure>
  );
}

function SamplesPanel({ path }: { path: string }) {
  const { samples, error, again } = useSamples(path);
  return (
    <section class="panel">
      <h2>Augmented samples</h2>
      {error ? (
        <Failed title="The samples cannot be shown" message={error.message} again={again} />
      ) : !samples ? (
        <Waiting label="Drawing the samples" />
      ) : samples.lacking ? (
        <Nothing title="No augmented samples">{sentence(samples.lacking)}</Nothing>
      ) : (
        <Sheet of={samples} />
      )}
    </section>
  );
}

export function TrialPictures({ experiment, row }: { experiment: Experiment; row: Row }) {
  const trains = typeof experiment.metadata.training === "object";
  const reports = row.observation?.metadata.confusions !== undefined;
  if (!trains && !reports)
    return (
      <p class="soft small">
        No augmented samples and no confusions: these are of networks that Frugal trains. A program of your own that reports <code>confusions</code> with its observation has them
        shown here.
      </p>
    );
  return (
    <>
      {trains && row.trial && <SamplesPanel path={`/v1/experiments/${experiment.id}/trials/${row.trial.id}/augmented_samples`} />}
      <ConfusionsPanel experiment={experiment} row={row} />
    </>
  );
}
