import { render } from "preact";
import { get } from "./api";
import { App } from "./app";
import { connect, signedIn } from "./live";
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

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);

get<{ signed_in: boolean }>("/v1/sessions/self").then(
  (session) => {
    signedIn.value = session.signed_in;
    if (session.signed_in) connect();
  },
  () => {
    signedIn.value = false;
  },
);
