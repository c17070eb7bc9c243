// What was chosen on the parallel coordinates; the table of trials can show that alone.
import { signal } from "@preact/signals";

export const brushed = signal<{ experiment: string; keys: Set<string> } | null>(null);
