// One bundle for two pages: the dashboard of a server, and a report, which is one file that holds
// its data itself.
import { showDashboard } from "./dashboard";
import { showReport } from "./report/report";
import "./style.css";

// "/" goes to the search field of the page that is shown.
window.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLElement && event.target.closest("input, select, textarea")) return;
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
});

const embedded = document.getElementById("frugal-report");
if (embedded) showReport(JSON.parse(embedded.textContent!));
else showDashboard(document.getElementById("app")!);
