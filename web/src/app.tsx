import { useEffect } from "preact/hooks";
import { remove } from "./api";
import { disconnect, experiments, link, lostSince, now, signedIn, workers } from "./live";
import { href, route } from "./route";
import { duration } from "./format";
import { ComparePage } from "./pages/compare";
import { ExperimentPage } from "./pages/experiment";
import { ExperimentsPage } from "./pages/experiments";
import { SignIn } from "./pages/sign_in";
import { TrialPage } from "./pages/trial";
import { WorkersPage } from "./pages/workers";
import { Nothing, Waiting } from "./parts/states";
import { Toasts } from "./parts/toast";
import { ThemeButton } from "./parts/theme";

async function signOut() {
  await remove("/v1/sessions/self");
  signedIn.value = false;
  disconnect();
}

function Connection() {
  const words = { connecting: "Connecting", live: "Live", polling: "Refreshed every 5 s", lost: "No connection" };
  return (
    <span class={`connection ${link.value}`} role="status">
      {words[link.value]}
    </span>
  );
}

function Header() {
  const place = route.value.parts[0] ?? "experiments";
  const entry = (name: string, label: string, count?: number) => (
    <a href={href(name)} aria-current={place === name ? "page" : undefined}>
      {label}
      {count !== undefined && count > 0 && <span class="count">{count}</span>}
    </a>
  );
  return (
    <header class="top">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>
        Skip to content
      </a>
      <a class="brand" href={href()} aria-label="Frugal: all experiments">
        <img src="/dashboard.svg" alt="" width="24" height="24" />
        <span>Frugal</span>
      </a>
      <nav aria-label="Pages">
        {entry("experiments", "Experiments")}
        {entry("workers", "Workers", workers.value.length)}
      </nav>
      <div class="session">
        <Connection />
        <ThemeButton />
        <button type="button" class="quiet" onClick={signOut}>
          Sign out
        </button>
      </div>
    </header>
  );
}

function Lost() {
  if (link.value !== "lost") return null;
  const since = lostSince.value ?? 0;
  void now.value; // counts on
  return (
    <div class="banner" role="alert">
      <strong>The connection to the coordinator is lost.</strong> What you see is{" "}
      {duration(Math.max(0, Math.floor(Date.now() / 1000 - since)))} old; the dashboard keeps trying.
    </div>
  );
}

function Page() {
  const [place, id, kind, more] = route.value.parts;
  if (experiments.value === null) return link.value === "lost" ? <Nothing title="No connection yet">The coordinator does not answer.</Nothing> : <Waiting />;
  if (place === undefined || (place === "experiments" && id === undefined)) return <ExperimentsPage />;
  if (place === "experiments" && id && kind === "trials" && more) return <TrialPage key={`${id}/${more}`} experiment={id} trial={more} />;
  if (place === "experiments" && id) return <ExperimentPage key={id} id={id} tab={kind ?? "overview"} />;
  if (place === "workers") return <WorkersPage />;
  if (place === "compare") return <ComparePage key={route.value.query.get("e") ?? ""} />;
  return (
    <Nothing title="There is no such page">
      <a href={href()}>All experiments</a>
    </Nothing>
  );
}

export function App() {
  const address = route.value.parts.join("/");
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [address]);
  if (signedIn.value === null) return <Waiting />;
  if (!signedIn.value) return <SignIn />;
  return (
    <>
      <Header />
      <Lost />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Toasts />
    </>
  );
}
