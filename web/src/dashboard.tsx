// The dashboard: the pages of a server, behind its sign-in.
import { render } from "preact";
import { get } from "./api";
import { App } from "./app";
import { connect, signedIn } from "./live";

export function showDashboard(root: HTMLElement) {
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
}
