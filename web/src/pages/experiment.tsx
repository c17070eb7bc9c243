import { ago, dash, dollars, duration, number, plural } from "../format";
import { experiments, mayWrite, now } from "../live";
import { Actions } from "../parts/actions";
import { BudgetBar, ConditionBadge } from "../parts/badges";
import { Failed, Nothing, Waiting } from "../parts/states";
import { href } from "../route";
import type { Overview } from "../types";
import { bestOf, forecastText, secondsLeft } from "./experiments";
import { OverviewTab } from "./overview_tab";
import { ParametersTab } from "./parameters_tab";
import { SetupTab } from "./setup_tab";
import { TrialsTab } from "./trials_tab";
import { goalOf, useRows } from "./use_rows";

const tabs = [
  ["overview", "Overview"],
  ["parameters", "Parameters"],
  ["trials", "Trials"],
  ["setup", "Setup"],
] as const;

function Figures({ one }: { one: Overview }) {
  const best = one.progress.best_observation;
  const metric = goalOf(one);
  const { progress, trials, spend } = one;
  const left = secondsLeft(one);
  return (
    <dl class="figures">
      <div>
        <dt>Best {metric.name}</dt>
        <dd>
          {number(bestOf(one), 5)}
          {best?.suggestion && (
            <small>
              <a href={href("experiments", one.id, "trials", best.suggestion)}>trial {best.suggestion}</a>
              {progress.since_best > 0 ? `, ${plural(progress.since_best, "observation")} ago` : ", the latest"}
            </small>
          )}
          {!best && <small>no full-task value yet</small>}
        </dd>
      </div>
      <div>
        <dt>Observations</dt>
        <dd>
          {number(progress.observation_count)}
          <small>
            {plural(trials.running, "open trial")}
            {trials.failed > 0 ? `, ${trials.failed} failed` : ""}
            {trials.waiting > 0 ? `, ${trials.waiting} waiting` : ""}
          </small>
        </dd>
      </div>
      <div>
        <dt>Budget</dt>
        <dd>
          {number(progress.observation_budget_consumed, 3)}
          {one.observation_budget !== null ? <span class="soft"> / {number(one.observation_budget)}</span> : ""}
          <small>{one.observation_budget === null ? "without a limit" : <BudgetBar one={one} />}</small>
        </dd>
      </div>
      <div>
        <dt>Spend</dt>
        <dd>
          {spend.dollars > 0 ? dollars(spend.dollars) : duration(spend.wall_seconds || null)}
          <small>{spend.dollars > 0 ? `${duration(spend.wall_seconds)} of trials` : spend.wall_seconds > 0 ? "in trials" : "no trial has reported a cost"}</small>
        </dd>
      </div>
      <div>
        <dt>Forecast</dt>
        <dd>
          {left === null ? dash : forecastText(one)}
          <small>
            {left === null
              ? one.observation_budget === null
                ? "needs a budget"
                : "no pace to go by"
              : left === 0
                ? "raise the budget to go on"
                : `until ${new Date((now.value + left) * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}, at this pace`}
          </small>
        </dd>
      </div>
    </dl>
  );
}

export function ExperimentPage({ id, tab }: { id: string; tab: string }) {
  const one = experiments.value!.get(id);
  const { loaded, error, again } = useRows(id);
  if (!one)
    return (
      <Nothing title={`There is no experiment ${id}`}>
        <a href={href()}>All experiments</a>
      </Nothing>
    );
  const metric = goalOf(one);
  const heard = one.progress.last_observed;
  return (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={href()}>Experiments</a>
      </nav>
      <div class="title">
        <div>
          <h1>
            {one.name} <ConditionBadge one={one} />
          </h1>
          <p class="soft small">
            #{one.id} · {metric.objective} {metric.name} · {one.suggester} suggester
            {one.parallel_bandwidth ? ` · bandwidth ${one.parallel_bandwidth}` : ""}
            {heard ? ` · last observation ${ago(Math.max(0, now.value - heard))}` : ""}
          </p>
        </div>
        {mayWrite.value && <Actions one={one} experiment={loaded?.experiment ?? null} />}
      </div>
      <Figures one={one} />
      <nav class="tabs" aria-label="Views">
        {tabs.map(([name, label]) => (
          <a key={name} href={href("experiments", id, ...(name === "overview" ? [] : [name]))} aria-current={tab === name ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {!loaded && error ? (
        <Failed title="The trials cannot be shown" message={error.message} again={again} />
      ) : !loaded ? (
        <Waiting label="Loading trials" />
      ) : tab === "trials" ? (
        <TrialsTab one={one} loaded={loaded} />
      ) : tab === "parameters" ? (
        <ParametersTab one={one} loaded={loaded} />
      ) : tab === "setup" ? (
        <SetupTab one={one} loaded={loaded} />
      ) : (
        <OverviewTab one={one} loaded={loaded} />
      )}
    </>
  );
}
