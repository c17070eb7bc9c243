// One trial, over the page.
import { useEffect, useRef } from "preact/hooks";
import { number } from "../format";
import { Costs, Curves } from "../pages/trial";
import { goalOf } from "../pages/use_rows";
import { AssignmentsPanel } from "../parts/assignments";
import { StateBadge } from "../parts/badges";
import { go, href, route } from "../route";
import { valueOf } from "../rows";
import type { Shown } from "./data";

export function TrialBox({ all }: { all: Shown[] }) {
  const box = useRef<HTMLDialogElement>(null);
  const [place, id, kind, key] = route.value.parts;
  const shown = place === "experiments" && kind === "trials" && key ? all.find((one) => one.id === id) : undefined;
  const row = shown?.loaded.rows.find((one) => one.key === key);
  useEffect(() => {
    if (row && !box.current?.open) box.current?.showModal();
  }, [row]);
  useEffect(() => {
    // A link to the chosen trials, from the coordinates.
    if (kind === "trials" && !key) document.getElementById("trials")?.scrollIntoView();
  }, [route.value]);
  if (!shown || !row) return null;
  const metric = goalOf(shown.one);
  const value = valueOf(row, metric.name);
  const close = () => go(href());
  return (
    <dialog ref={box} class="trial" aria-label={`Trial ${row.key}`} onClose={close} onClick={(event) => event.target === box.current && box.current?.close()}>
      <div class="trial-page">
        <header>
          <h2>
            Trial {row.key} <StateBadge state={row.state} />
          </h2>
          <button type="button" onClick={() => box.current?.close()}>
            Close
          </button>
        </header>
        <p class="soft">
          {[shown.search.strategy, row.task && `${row.task.name} task`, value !== null && `${number(value)} % on validation`].filter(Boolean).join(" · ")}
        </p>
        {row.trial?.reason && <p>{row.state === "failed" && "It failed: "}{row.trial.reason}</p>}
        <Curves row={row} metric={metric} />
        <div class="pair">
          <AssignmentsPanel of={row.assignments} />
          <Costs row={row} />
        </div>
      </div>
    </dialog>
  );
}
