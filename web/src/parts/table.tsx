// A table of any length: only the rows in sight are in the page. Sorted by its headings, walked
// with the arrow keys, opened with Enter.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../rows";

export interface Column {
  id: string;
  title: string;
  isNumber?: boolean;
  width: number;
  of: (row: Row) => number | string | null; // what it is sorted by
  show: (row: Row) => ComponentChildren;
}

const rowHeight = 34;
const beyond = 8;

interface Props {
  rows: Row[];
  columns: Column[];
  sort: string;
  isDescending: boolean;
  onSort: (column: string, isDescending: boolean) => void;
  onOpen: (row: Row) => void;
  height: string;
}

export function sorted(rows: Row[], column: Column | undefined, isDescending: boolean): Row[] {
  if (!column) return rows;
  const sign = isDescending ? -1 : 1;
  return rows
    .map((row) => ({ row, by: column.of(row) }))
    .sort((a, b) => {
      if (a.by === null || b.by === null) return (a.by === null ? 1 : 0) - (b.by === null ? 1 : 0);
      if (typeof a.by === "number" && typeof b.by === "number") return sign * (a.by - b.by);
      return sign * String(a.by).localeCompare(String(b.by), undefined, { numeric: true });
    })
    .map((item) => item.row);
}

export function Table({ rows, columns, sort, isDescending, onSort, onOpen, height }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [sight, setSight] = useState(600);
  const [at, setAt] = useState(0);
  const frame = useRef(0);

  useEffect(() => {
    const measure = new ResizeObserver(() => setSight(box.current?.clientHeight ?? 600));
    measure.observe(box.current!);
    return () => measure.disconnect();
  }, []);

  const scroll = () => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      setTop(box.current?.scrollTop ?? 0);
    });
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    const view = box.current!;
    const y = next * rowHeight;
    if (y < view.scrollTop) view.scrollTop = y;
    else if (y + 2 * rowHeight > view.scrollTop + view.clientHeight) view.scrollTop = y + 2 * rowHeight - view.clientHeight;
  };
  const press = (event: KeyboardEvent) => {
    if (event.target !== box.current) return;
    const page = Math.max(1, Math.floor(sight / rowHeight) - 2);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
    const step = steps[event.key];
    if (step !== undefined) move(at + step);
    else if (event.key === "Enter" && rows[at]) onOpen(rows[at]);
    else return;
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  const last = Math.min(rows.length, Math.ceil((top + sight) / rowHeight) + beyond);
  const template = columns.map((column) => `minmax(${column.width}px, ${column.width}fr)`).join(" ");
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const current = Math.min(at, Math.max(0, rows.length - 1));
  return (
    <div
      class="table"
      ref={box}
      style={{ maxHeight: height }}
      onScroll={scroll}
      onKeyDown={press}
      tabIndex={0}
      role="grid"
      aria-label="Trials"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rows[current] ? `row-${rows[current].key}` : undefined}
    >
      <div class="head" role="row" style={{ gridTemplateColumns: template, minWidth: `${width}px` }}>
        {columns.map((column) => {
          const isSorted = column.id === sort;
          return (
            <div
              key={column.id}
              role="columnheader"
              class={column.isNumber ? "n" : ""}
              aria-sort={isSorted ? (isDescending ? "descending" : "ascending") : "none"}
            >
              <button type="button" title={column.title} onClick={() => onSort(column.id, isSorted ? !isDescending : Boolean(column.isNumber))}>
                {column.title}
                <span aria-hidden="true">{isSorted ? (isDescending ? " ↓" : " ↑") : ""}</span>
              </button>
            </div>
          );
        })}
      </div>
      <div class="body" style={{ height: `${rows.length * rowHeight}px`, minWidth: `${width}px` }}>
        {rows.slice(first, last).map((row, i) => {
          const index = first + i;
          return (
            <div
              key={row.key}
              id={`row-${row.key}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={index === current}
              class="row"
              style={{ gridTemplateColumns: template, transform: `translateY(${index * rowHeight}px)` }}
              onClick={() => {
                setAt(index);
                onOpen(row);
              }}
            >
              {columns.map((column) => (
                <div key={column.id} role="gridcell" class={column.isNumber ? "n" : ""}>
                  {column.show(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
