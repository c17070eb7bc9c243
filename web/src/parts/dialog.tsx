// A question in a box of its own; Escape and a press outside leave it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  action: string;
  onSubmit: (fields: FormData) => Promise<boolean> | boolean;
  onClose: () => void;
  isDanger?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, action, onSubmit, onClose, isDanger, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current!.showModal();
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (form.reportValidity() && (await onSubmit(new FormData(form)))) box.current?.close();
  };
  return (
    <dialog
      ref={box}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === box.current && box.current?.close()}
    >
      <form onSubmit={submit} noValidate={false}>
        <h2>{title}</h2>
        {children}
        <div class="buttons">
          <button type="button" onClick={() => box.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDanger ? "primary danger" : "primary"}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
