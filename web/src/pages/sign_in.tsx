import { useState } from "preact/hooks";
import { ApiError, signIn } from "../api";
import { connect, mayWrite, signedIn } from "../live";

export function SignIn() {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = String(new FormData(form).get("token") ?? "").trim();
    if (!token) return setError("Enter a token.");
    setBusy(true);
    setError("");
    try {
      mayWrite.value = (await signIn(token)).permissions === "write";
      signedIn.value = true;
      connect();
    } catch (reason) {
      setBusy(false);
      setError(
        reason instanceof ApiError && reason.status === 403
          ? "This token is not known here. The main one stands in the file beside the store."
          : String((reason as Error).message),
      );
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <img src="/dashboard.svg" alt="" width="44" height="44" />
        <h1>Frugal</h1>
        <p class="soft">Sign in with a token of this coordinator.</p>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" autofocus spellcheck={false} aria-invalid={error !== ""} aria-describedby="why" />
        </label>
        <p id="why" class="error" role="alert">
          {error}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
        <p class="note">
          It is in the file whose name <code>frugal serve</code> prints at its start. <code>frugal token</code> makes
          more, also ones that only read.
        </p>
      </form>
    </main>
  );
}
