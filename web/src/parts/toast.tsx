// Short words on what a button did.
import { signal } from "@preact/signals";
import { ApiError } from "../api";

interface Toast {
  id: number;
  text: string;
  isError: boolean;
}

const toasts = signal<Toast[]>([]);
let last = 0;

export function say(text: string, isError = false) {
  const toast = { id: ++last, text, isError };
  toasts.value = [...toasts.value.slice(-2), toast];
  setTimeout(() => dismiss(toast.id), isError ? 10000 : 4000);
}

function dismiss(id: number) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

// Does it, and says what came of it.
export async function doing(act: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await act();
    say(done);
    return true;
  } catch (error) {
    say(error instanceof ApiError ? error.message : String(error), true);
    return false;
  }
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <button type="button" key={toast.id} class={toast.isError ? "toast error" : "toast"} onClick={() => dismiss(toast.id)}>
          {toast.text}
        </button>
      ))}
    </div>
  );
}
