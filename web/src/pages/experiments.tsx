import { useState } from "preact/hooks";
import { ago, dash, dollars, duration, number, plural } from "../format";
import { experiments, now } from "../live";
import { BudgetBar, ConditionBadge, conditionOf } from "../parts/badges";
import { Sparkline } from "../parts/sparkline";
import { Nothing } from "../parts/states";
import { go, href, route, setQuery } from "../route";
import type { Overview } from "../types";

const goal = (one: Overview) => one.metrics.find((metric) => metric.strategy === "optimize") ?? one.metrics[0]!;

export function bestOf(one: Overview): number | null {
  return one.progress.best_observation?.values.find((value) => value.name === goal(one).name)?.value ?? null;
}

const restSeconds = 60; // whoever observes nothing for longer keeps no pace

export function secondsLeft(one: Overview): number | null {
  const rests = one.trials.running === 0 && now.value - (one.progress.last_observed ?? 0) > restSeconds;
  const left = one.forecast.seconds_left;
  return left !== 0 && rests ? null : left;
}

export function forecastText(one: Overview): string {
  const left = secondsLeft(one);
  if (left === null) return dash;
  return left === 0 ? "budget spent" : `${duration(left)} left`;
}

export function spendText(one: Overview): string {
  const { dollars: money, wall_seconds: seconds } = one.spend;
  if (money > 0) return dollars(money);
  return seconds > 0 ? duration(seconds) : dash;
}

function Card({ one, isChosen, choose }: { one: Overview; isChosen: boolean; choose: (on: boolean) => void }) {
  const best = bestOf(one);
  const { progress, trials } = one;
  const heard = progress.last_observed;
  return (
    <li class="card">
      <div class="pick">
        <input type="checkbox" checked={isChosen} onChange={(event) => choose(event.currentTarget.checked)} aria-label={`Compare ${one.name}`} />
      </div>
      <div class="name">
        <a href={href("experiments", one.id)}>{one.name}</a>
        <div class="soft small">
          {one.project ? `${one.project} · ` : ""}#{one.id} · {goal(one).objective} {goal(one).name}
          {trials.running > 0 ? ` · ${trials.running} open` : ""}
          {trials.failed > 0 ? ` · ${trials.failed} failed` : ""}
        </div>
      </div>
      <div class="condition">
        <ConditionBadge one={one} />
        <div class="soft small">{heard ? ago(Math.max(0, now.value - heard)) : "no observation"}</div>
      </div>
      <div class="trace">
        <Sparkline points={one.improvements} count={progress.observation_count} label={`Best ${goal(one).name} over ${plural(progress.observation_count, "observation")}`} />
      </div>
      <div class="figure">
        <div class="value">{number(best)}</div>
        <div class="soft small">best {goal(one).name}</div>
      </div>
      <div class="figure progress">
        <div class="value">
          {number(progress.observation_budget_consumed, 3)}
          {one.observation_budget !== null && <span class="soft"> / {number(one.observation_budget)}</span>}
        </div>
        {one.observation_budget !== null ? <BudgetBar one={one} /> : <div class="soft small">no budget</div>}
        <div class="soft small">
          {plural(progress.observation_count, "observation")}
        </div>
      </div>
      <div class="figure">
        <div class="value">{spendText(one)}</div>
        <div class="soft small">spent</div>
      </div>
      <div class="figure">
        <div class="value">{forecastText(one)}</div>
        <div class="soft small">forecast</div>
      </div>
    </li>
  );
}

export function ExperimentsPage() {
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const search = route.value.query.get("q") ?? "";
  const show = route.value.query.get("show") ?? "active";
  const all = [...experiments.value!.values()].sort((a, b) => Number(b.id) - Number(a.id));
  const listed = all.filter(
    (one) =>
      (show === "all" || (show === "active") === (one.state === "active")) &&
      `${one.name} ${one.project ?? ""} ${conditionOf(one).name}`.toLowerCase().includes(search.toLowerCase()),
  );
  const choose = (id: string, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  if (all.length === 0)
    return (
      <>
        <h1>Experiments</h1>
        <Nothing title="No experiment yet">
          <p>An experiment appears here as soon as a program makes one:</p>
          <pre>
            {`curl -u TOKEN: ${window.location.origin}/v1/experiments \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "first", "observation_budget": 30,
       "parameters": [{"name": "lr", "type": "double",
                       "bounds": {"min": 0.0001, "max": 0.1},
                       "transformation": "log"}],
       "metrics": [{"name": "accuracy"}]}'`}
          </pre>
        </Nothing>
      </>
    );
  return (
    <>
      <div class="title">
        <h1>Experiments</h1>
        <div class="tools">
          <button
            type="button"
            disabled={chosen.size < 2}
            onClick={() => go(`${href("compare")}?e=${[...chosen].join(",")}`)}
            title={chosen.size < 2 ? "Choose two or more" : undefined}
          >
            Compare{chosen.size > 0 ? ` (${chosen.size})` : ""}
          </button>
          <select value={show} aria-label="Which experiments" onChange={(event) => setQuery({ show: event.currentTarget.value === "active" ? null : event.currentTarget.value })}>
            <option value="active">Active</option>
            <option value="deleted">Archived</option>
            <option value="all">All</option>
          </select>
          <input type="search" data-search placeholder="Find  /" aria-label="Find experiments" value={search} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        </div>
      </div>
      {listed.length === 0 ? (
        <Nothing title="None of them">
          {search ? (
            <>
              No {show === "all" ? "" : show === "active" ? "active " : "archived "}experiment has “{search}” in its name.
            </>
          ) : (
            "There is no experiment of this kind."
          )}
        </Nothing>
      ) : (
        <ul class="cards">
          {listed.map((one) => (
            <Card key={one.id} one={one} isChosen={chosen.has(one.id)} choose={(on) => choose(one.id, on)} />
          ))}
        </ul>
      )}
    </>
  );
}
