// What stands where there is nothing to show: not yet, not at all, or not any more.
import type { ComponentChildren } from "preact";

export function Waiting({ label = "Loading" }: { label?: string }) {
  return (
    <div class="waiting" role="status" aria-label={label}>
      <div class="bone wide" />
      <div class="bone" />
      <div class="bone tall" />
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="nothing">
      <h2>{title}</h2>
      {children && <div>{children}</div>}
    </div>
  );
}

export function Failed({ title, message, again }: { title: string; message: string; again?: () => void }) {
  return (
    <div class="nothing failed" role="alert">
      <h2>{title}</h2>
      <p>{message}</p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
