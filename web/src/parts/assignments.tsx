import { assignment } from "../format";

export function AssignmentsPanel({ title = "Assignments", of, wide = false }: { title?: string; of: Record<string, string | number>; wide?: boolean }) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      <dl class={wide ? "pairs two" : "pairs"}>
        {Object.entries(of).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{assignment(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
