// A report: the page is there already, tables and all; what answers to the reader is put in its
// places.
import { type ComponentType, render } from "preact";
import { ThemeButton } from "../parts/theme";
import { type ReportData, shownSearches } from "./data";
import { TrialBox } from "./trial_box";
import { ArmsView, ConfusionsView, CurvesView, ParametersView, SearchView, TrialsTradeOffView, TrialsView, type ViewProps } from "./views";

const views: Record<string, ComponentType<ViewProps>> = {
  arms: ArmsView,
  confusions: ConfusionsView,
  curves: CurvesView,
  parameters: ParametersView,
  search: SearchView,
  "trials-trade-off": TrialsTradeOffView,
  trials: TrialsView,
};

export function showReport(data: ReportData) {
  document.documentElement.classList.add("scripted");
  const all = shownSearches(data).filter((shown) => shown.search.trials.length > 0);
  for (const place of document.querySelectorAll<HTMLElement>("[data-view]")) {
    const View = views[place.dataset.view!]!;
    render(<View data={data} all={all} />, place);
  }
  const header = document.getElementById("look");
  if (header) render(<ThemeButton />, header);
  const box = document.createElement("div");
  document.body.append(box);
  render(<TrialBox all={all} />, box);
}
