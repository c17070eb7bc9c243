// The charts' options: pure functions of rows and look.
import type { EChartsCoreOption } from "echarts/core";
import { assignment, dollars, duration, number } from "../format";
import type { Row } from "../rows";
import { isFullTask, observed, valueOf } from "../rows";
import type { Dependence, Experiment, Metric, Parameter, Value } from "../types";
import type { Look } from "./chart";
import { base, dashes, font, legend, type Point, scatter, shapes, tip, unnamed, xAxis, yAxis } from "./parts";

export type CostKind = "wall_seconds" | "device_seconds" | "dollars" | "task";
export const costNames: Record<CostKind, string> = {
  wall_seconds: "Wall time (s)",
  device_seconds: "Device time (s)",
  dollars: "Dollars",
  task: "Task cost",
};

const better = (metric: Metric, a: number, b: number) => (metric.objective === "maximize" ? a > b : a < b);

export const rowName = (row: Row) => (row.trial ? `Trial ${row.key}` : `Observation ${row.observation!.id}`);

function describe(row: Row, metric: string): string {
  const lines = [`${rowName(row)}${row.task ? ` · ${row.task.name}` : ""}`, `${metric} ${number(valueOf(row, metric))}`];
  if (row.trial && row.trial.wall_seconds > 0) lines.push(duration(row.trial.wall_seconds));
  return lines.join("\n");
}

export function tasksOf(rows: Row[]): string[] {
  const costs = new Map<string, number>();
  for (const row of rows) if (row.task) costs.set(row.task.name, row.task.cost);
  return [...costs].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

export function bestSoFar(rows: Row[], metric: Metric, look: Look): EChartsCoreOption {
  const all = observed(rows);
  const tasks = tasksOf(all);
  const points = new Map<string, Point[]>();
  const line: [number, number][] = [];
  let best: number | null = null;
  all.forEach((row, index) => {
    const value = valueOf(row, metric.name);
    if (value === null) return;
    const name = row.task?.name ?? "observation";
    const list = points.get(name) ?? [];
    points.set(name, list);
    list.push({ key: row.key, value: [index + 1, value], row });
    if (isFullTask(row) && (best === null || better(metric, value, best))) {
      best = value;
      line.push([index + 1, value]);
    }
  });
  if (best !== null) line.push([all.length, best]);
  const names = tasks.length > 0 ? tasks : ["observation"];
  return {
    ...base(look),
    legend: legend(look, ["best so far", ...names]),
    xAxis: xAxis(look, "Observation", { minInterval: 1 }),
    yAxis: unnamed(look),
    tooltip: tip(look, (point: { data: Point }) => (point.data.row ? describe(point.data.row, metric.name) : "")),
    series: [
      ...names.map((name, i) => scatter(name, points.get(name) ?? [], i, look)),
      {
        type: "line",
        name: "best so far",
        data: line,
        step: "end",
        symbol: "none",
        silent: true,
        lineStyle: { width: 2, color: look.colors[0] },
        itemStyle: { color: look.colors[0] },
        z: 3,
      },
    ],
  };
}

export function costOf(row: Row, kind: CostKind): number | null {
  if (kind === "task") return row.task?.cost ?? 1;
  const cost = row.trial?.[kind] ?? 0;
  return cost > 0 ? cost : null;
}

// None of them is as good at a lower cost.
function front(points: Point[], metric: Metric): [number, number][] {
  const sorted = [...points].sort((a, b) => a.value[0] - b.value[0] || (better(metric, a.value[1], b.value[1]) ? -1 : 1));
  const line: [number, number][] = [];
  for (const point of sorted) {
    const last = line[line.length - 1];
    if (!last || better(metric, point.value[1], last[1])) line.push(point.value);
  }
  return line;
}

export function tradeOff(rows: Row[], metric: Metric, kind: CostKind, look: Look): EChartsCoreOption {
  const all = observed(rows);
  const tasks = tasksOf(all);
  const names = tasks.length > 0 ? tasks : ["observation"];
  const points = new Map<string, Point[]>(names.map((name) => [name, []]));
  for (const row of all) {
    const value = valueOf(row, metric.name);
    const cost = costOf(row, kind);
    if (value === null || cost === null) continue;
    points.get(row.task?.name ?? "observation")?.push({ key: row.key, value: [cost, value], row });
  }
  const everything = [...points.values()].flat();
  const costs = everything.map((point) => point.value[0]);
  const isWide = costs.length > 1 && Math.max(...costs) / Math.min(...costs) > 20;
  return {
    ...base(look),
    legend: legend(look, ["best at its cost", ...names]),
    xAxis: xAxis(look, costNames[kind], { type: isWide ? "log" : "value" }),
    yAxis: unnamed(look),
    tooltip: tip(look, (point: { data: Point }) =>
      point.data.row
        ? `${describe(point.data.row, metric.name)}\n${kind === "dollars" ? dollars(point.data.value[0]) : `${costNames[kind]} ${number(point.data.value[0], 3)}`}`
        : "",
    ),
    series: [
      ...names.map((name, i) => scatter(name, points.get(name)!, i, look)),
      {
        type: "line",
        name: "best at its cost",
        data: front(everything, metric),
        step: "end",
        symbol: "none",
        silent: true,
        lineStyle: { width: 1.5, color: look.colors[2], type: [5, 4] },
        itemStyle: { color: look.colors[2] },
        z: 1,
      },
    ],
  };
}

export function twoObjectives(rows: Row[], first: Metric, second: Metric, look: Look): EChartsCoreOption {
  const data: Point[] = [];
  for (const row of observed(rows)) {
    const x = valueOf(row, second.name);
    const y = valueOf(row, first.name);
    if (x !== null && y !== null) data.push({ key: row.key, value: [x, y], row });
  }
  return {
    ...base(look),
    xAxis: xAxis(look, second.name),
    yAxis: yAxis(look, first.name),
    tooltip: tip(look, (point: { data: Point }) => `${describe(point.data.row, first.name)}\n${second.name} ${number(point.data.value[0])}`),
    series: [scatter("observation", data, 0, look)],
  };
}

export interface Dimension {
  name: string;
  categories: string[] | null;
  log: boolean;
  of: (row: Row) => Value | null;
}

export function dimensions(experiment: Experiment, metric: Metric): Dimension[] {
  const parameter = (p: Parameter): Dimension => ({
    name: p.name,
    categories: p.categorical_values?.map((one) => one.name) ?? null,
    log: p.transformation === "log",
    of: (row) => row.assignments[p.name] ?? null,
  });
  const all = experiment.conditionals.map(
    (one): Dimension => ({ name: one.name, categories: one.values, log: false, of: (row) => row.assignments[one.name] ?? null }),
  );
  all.push(...experiment.parameters.map(parameter));
  if (experiment.tasks)
    all.push({
      name: "task",
      categories: [...experiment.tasks].sort((a, b) => a.cost - b.cost).map((task) => task.name),
      log: false,
      of: (row) => row.task?.name ?? null,
    });
  all.push({ name: metric.name, categories: null, log: false, of: (row) => valueOf(row, metric.name) });
  return all;
}

export function parallel(rows: Row[], dims: Dimension[], metric: Metric, look: Look, isNarrow: boolean): EChartsCoreOption {
  const shown = observed(rows).filter((row) => valueOf(row, metric.name) !== null);
  const values = shown.map((row) => valueOf(row, metric.name)!);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const isBest = metric.objective === "maximize";
  return {
    animation: false,
    textStyle: { fontFamily: font },
    parallel: isNarrow
      ? { layout: "vertical", left: 24, right: 104, top: 24, bottom: 34 }
      : { left: 60, right: 70, top: 46, bottom: 26 },
    parallelAxis: dims.map((dim, index) => ({
      dim: index,
      name: dim.name,
      type: dim.categories ? "category" : dim.log ? "log" : "value",
      data: dim.categories ?? undefined,
      scale: true,
      nameTextStyle: { color: look.ink, fontFamily: font, fontSize: 12, fontWeight: index === dims.length - 1 ? 600 : 400 },
      nameTruncate: { maxWidth: 110 },
      axisLine: { lineStyle: { color: look.rule, width: 1.5 } },
      axisTick: { show: false },
      axisLabel: {
        color: look.ink,
        fontFamily: font,
        fontSize: 11,
        textBorderColor: look.raised,
        textBorderWidth: 3,
        formatter: (value: Value) => assignment(value),
      },
      z: 10,
      areaSelectStyle: { width: 18, borderWidth: 1, borderColor: look.colors[0], color: look.colors[0], opacity: 0.25 },
    })),
    visualMap: {
      show: false,
      dimension: dims.length - 1,
      min: low,
      max: high > low ? high : low + 1,
      inRange: { color: isBest ? [look.rule, look.colors[4], look.colors[0]] : [look.colors[0], look.colors[4], look.rule] },
    },
    series: [
      {
        type: "parallel",
        name: "trials",
        lineStyle: { width: 1.5, opacity: shown.length > 300 ? 0.35 : 0.65 },
        inactiveOpacity: 0.04,
        activeOpacity: 0.85,
        progressive: 0, // a page that is printed waits for no frame
        data: shown.map((row) => ({ value: dims.map((dim) => dim.of(row) ?? "-"), key: row.key })),
      },
    ],
  };
}

export function importances(effects: { name: string; value: number; low: number; high: number }[], look: Look): EChartsCoreOption {
  const sorted = [...effects].sort((a, b) => a.value - b.value);
  const widest = Math.max(...sorted.map((effect) => effect.name.length), 4);
  return {
    ...base(look),
    grid: { left: Math.min(170, 16 + widest * 7), right: 52, top: 6, bottom: 30 },
    xAxis: xAxis(look, "", {
      min: 0,
      splitLine: { show: true, lineStyle: { color: look.hair } },
      axisLine: { show: false },
      axisLabel: { color: look.soft, fontFamily: font, fontSize: 11, formatter: (value: number) => `${Math.round(value * 100)} %` },
    }),
    yAxis: {
      type: "category",
      data: sorted.map((effect) => effect.name),
      axisLine: { lineStyle: { color: look.rule } },
      axisTick: { show: false },
      axisLabel: { color: look.ink, fontFamily: font, fontSize: 12, width: 150, overflow: "truncate" },
    },
    tooltip: tip(look, (point: { dataIndex: number }) => {
      const effect = sorted[point.dataIndex]!;
      const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
      return `${effect.name}\n${percent(effect.value)} of the variance\n95 %: ${percent(effect.low)} to ${percent(effect.high)}`;
    }),
    series: [
      {
        type: "bar",
        data: sorted.map((effect) => effect.value),
        barMaxWidth: 14,
        itemStyle: { color: look.colors[0], borderRadius: [0, 3, 3, 0] },
      },
      {
        type: "custom",
        silent: true,
        data: sorted.map((effect, i) => [effect.low, effect.high, i]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value: (i: number) => number; coord: (p: number[]) => number[] }) => {
          const [x0, y] = api.coord([api.value(0), api.value(2)]) as [number, number];
          const [x1] = api.coord([api.value(1), api.value(2)]) as [number, number];
          return {
            type: "line",
            shape: { x1: x0, y1: y, x2: x1, y2: y },
            style: { stroke: look.ink, lineWidth: 1.25 },
          };
        },
      },
    ],
  };
}

// One curve with its band, and what was observed behind it.
export function dependence(curve: Dependence, parameter: Parameter | undefined, metric: Metric, look: Look): EChartsCoreOption {
  const isCategory = typeof curve.points[0]?.at[0] === "string";
  const at = curve.points.map((point) => point.at[0]!);
  const middle = curve.points.map((point, i) => [isCategory ? i : at[i], point.metric.value]);
  const band = curve.points.map((point, i) => [isCategory ? i : at[i], point.metric.low, point.metric.high]);
  return {
    ...base(look),
    grid: { left: 50, right: 14, top: 12, bottom: 38 },
    xAxis: isCategory
      ? { ...xAxis(look, curve.parameters[0]!), type: "category", data: at }
      : xAxis(look, curve.parameters[0]!, {
          type: parameter?.transformation === "log" ? "log" : "value",
          min: parameter?.bounds?.min,
          max: parameter?.bounds?.max,
          axisLabel: { color: look.soft, fontFamily: font, fontSize: 11, hideOverlap: true, formatter: (value: number) => number(value) },
        }),
    yAxis: yAxis(look, "", { splitNumber: 4 }),
    tooltip: {
      ...tip(look, ((points: { dataIndex: number }[]) => {
        const point = curve.points[points[0]?.dataIndex ?? 0];
        if (!point) return "";
        return `${curve.parameters[0]} ${assignment(point.at[0])}\n${metric.name} ${number(point.metric.value)}\n95 %: ${number(point.metric.low)} to ${number(point.metric.high)}`;
      }) as (point: never) => string),
      trigger: "axis",
    },
    series: [
      {
        type: "line",
        data: middle,
        symbol: isCategory ? "circle" : "none",
        symbolSize: 8,
        lineStyle: { width: isCategory ? 0 : 2, color: look.colors[0] },
        itemStyle: { color: look.colors[0] },
        z: 3,
      },
      {
        type: "custom",
        silent: true,
        data: band,
        encode: { x: 0, y: [1, 2] },
        renderItem: (
          params: { dataIndex: number },
          api: { coord: (p: number[]) => [number, number] },
        ) => {
          const corner = (i: number, side: 1 | 2) => api.coord([band[i]![0] as number, band[i]![side] as number]);
          if (isCategory) {
            const i = params.dataIndex;
            const [x, y0] = corner(i, 1);
            const [, y1] = corner(i, 2);
            return { type: "line", shape: { x1: x, y1: y0, x2: x, y2: y1 }, style: { stroke: look.colors[0], lineWidth: 1.5 } };
          }
          if (params.dataIndex > 0) return undefined;
          const points = [...band.map((_, i) => corner(i, 2)), ...band.map((_, i) => corner(i, 1)).reverse()];
          return { type: "polygon", shape: { points }, style: { fill: look.colors[0], opacity: 0.14 } };
        },
        z: 1,
      },
    ],
  };
}

export interface Series {
  name: string;
  points: [number, number][];
}

export function curves(series: Series[], x: string, look: Look): EChartsCoreOption {
  const common = base(look);
  return {
    ...common,
    grid: { ...common.grid, top: series.length > 4 ? 54 : common.grid.top }, // the legend may need two lines
    legend: legend(look, series.map((one) => one.name)),
    xAxis: xAxis(look, x),
    yAxis: yAxis(look, series.length === 1 ? series[0]!.name : ""),
    tooltip: {
      ...tip(look, ((points: { seriesName: string; value: [number, number] }[]) =>
        [`${x} ${number(points[0]?.value[0])}`, ...points.map((point) => `${point.seriesName} ${number(point.value[1])}`)].join("\n")) as (
        point: never,
      ) => string),
      trigger: "axis",
      axisPointer: { lineStyle: { color: look.rule } },
    },
    series: series.map((one, i) => ({
      type: "line",
      name: one.name,
      data: one.points,
      symbol: shapes[i % shapes.length],
      symbolSize: one.points.length > 40 ? 0 : 6,
      lineStyle: { width: 2, color: look.colors[i % 6], type: dashes[i % dashes.length] },
      itemStyle: { color: look.colors[i % 6] },
    })),
  };
}

export function comparison(lines: { name: string; points: [number, number][] }[], x: string, y: string, look: Look): EChartsCoreOption {
  const option = curves(lines, x, look) as { series: object[]; yAxis: object };
  option.yAxis = lines.length > 2 ? unnamed(look) : yAxis(look, y);
  option.series = option.series.map((one) => ({ ...one, step: "end", symbol: "none" }));
  return option;
}
