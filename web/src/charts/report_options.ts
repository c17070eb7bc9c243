// Options of the charts that only a report has. Accuracies are in per cent.
import type { EChartsCoreOption } from "echarts/core";
import { dollars, number } from "../format";
import type { Confusions, ReportArm } from "../report/data";
import type { Look } from "./chart";
import { base, dashes, font, legend, shapes, tip, unnamed, xAxis, yAxis } from "./parts";

export interface SearchLine {
  name: string;
  points: { key: string; minutes: number; value: number }[]; // of the task that is judged, in the order of their ends
  untuned: number | null;
}

function bestOf(points: SearchLine["points"], end: number): [number, number][] {
  const line: [number, number][] = [];
  for (const { minutes, value } of points) {
    const best = line[line.length - 1];
    if (!best || value > best[1]) line.push([minutes, value]);
  }
  const last = line[line.length - 1];
  if (last) line.push([end, last[1]]);
  return line;
}

// Single trials far below would press the lines into a corner.
function floorOf(lines: [number, number][][], untuned: number[]): number | undefined {
  const values = [...lines.flat().map((point) => point[1]), ...untuned];
  const low = Math.min(...values);
  const floor = low - Math.max(5, Math.max(...values) - low);
  return Number.isFinite(floor) ? Math.max(0, Math.floor(floor)) : undefined;
}

export function bestOverTime(lines: SearchLine[], look: Look): EChartsCoreOption {
  const end = Math.max(0, ...lines.flatMap((line) => line.points.map((point) => point.minutes)));
  const best = lines.map((line) => bestOf(line.points, end));
  const untuned = lines.map((line) => line.untuned).filter((value) => value !== null);
  const color = (i: number) => look.colors[i % look.colors.length]!;
  return {
    ...base(look),
    legend: legend(look, lines.map((line) => line.name)),
    xAxis: xAxis(look, "Minutes since the start", { min: 0, scale: false }),
    yAxis: { ...unnamed(look), min: floorOf(best, untuned) },
    tooltip: tip(look, (point: { data: { name: string; value: [number, number] } }) => `${point.data.name}\n${point.data.value[1].toFixed(1)} % after ${number(point.data.value[0], 3)} min`),
    series: lines.flatMap((line, i) => [
      {
        type: "scatter",
        name: `${line.name}: trials`,
        data: line.points.map((point) => ({ key: point.key, name: `Trial ${point.key.split("/")[1]}, ${line.name}`, value: [point.minutes, point.value] })),
        symbol: shapes[i % shapes.length],
        symbolSize: 6,
        itemStyle: { color: color(i), opacity: 0.5 },
        cursor: "pointer",
      },
      {
        type: "line",
        name: line.name,
        data: best[i]!,
        step: "end",
        symbol: shapes[i % shapes.length],
        symbolSize: 8,
        silent: true,
        lineStyle: { width: 2.5, color: color(i), type: "solid" },
        itemStyle: { color: color(i) },
        z: 3,
      },
      ...(line.untuned === null
        ? []
        : [
            {
              type: "line",
              name: `${line.name}, untuned`,
              data: [
                { value: [0, line.untuned], label: { show: true, formatter: `${line.name}, untuned`, position: [6, -16], color: look.soft, fontFamily: font, fontSize: 11 } },
                { value: [end, line.untuned] },
              ],
              symbolSize: 0,
              silent: true,
              lineStyle: { width: 1.5, color: color(i), type: dashes[1] },
              itemStyle: { color: color(i) },
            },
          ]),
    ]),
  };
}

// None of them is as accurate at a lower cost.
function front(points: { cost: number; value: number }[]): [number, number][] {
  const line: [number, number][] = [];
  for (const { cost, value } of [...points].sort((a, b) => a.cost - b.cost || b.value - a.value)) {
    const last = line[line.length - 1];
    if (!last || value > last[1]) line.push([cost, value]);
  }
  return line;
}

export type ArmCost = "dollars" | "minutes";

interface Label {
  x: number; // share of the plot's width
  y: number; // pixels from its top
  isLeft: boolean; // of its point
}

// By how many pixels labels go down so that none lies on another.
function labelShifts(labels: Label[]): number[] {
  const shifts = labels.map(() => 0);
  const placed: Label[] = [];
  const order = labels.map((_, i) => i).sort((a, b) => labels[a]!.y - labels[b]!.y);
  for (const i of order) {
    const label = { ...labels[i]! };
    for (const other of placed)
      if (other.isLeft === label.isLeft && Math.abs(other.x - label.x) < 0.3) label.y = Math.max(label.y, other.y + lineHeight);
    shifts[i] = label.y - labels[i]!.y;
    placed.push(label);
  }
  return shifts;
}

const lineHeight = 17;
const plotHeight = 284; // of the trade-off, as its view has it

export function armsTradeOff(arms: ReportArm[], cost: ArmCost, look: Look): EChartsCoreOption {
  const strategies = [...new Set(arms.map((arm) => arm.strategy))];
  const points = arms.flatMap((arm) => (arm.test ? [{ arm, cost: arm[cost], ...arm.test }] : []));
  const costs = points.map((point) => point.cost);
  const isWide = Math.min(...costs) > 0 && Math.max(...costs) / Math.min(...costs) > 20;
  const middle = isWide ? Math.sqrt(Math.min(...costs) * Math.max(...costs)) : (Math.min(...costs) + Math.max(...costs)) / 2;
  const color = (arm: ReportArm) => look.colors[strategies.indexOf(arm.strategy) % look.colors.length]!;
  const low = Math.max(0, Math.floor(Math.min(...points.map((point) => point.low)) - 1));
  const high = Math.min(100, Math.ceil(Math.max(...points.map((point) => point.high)) + 1));
  const along = (cost: number) => (isWide ? Math.log(cost / Math.min(...costs)) / Math.log(Math.max(...costs) / Math.min(...costs)) : cost / Math.max(...costs));
  const shifts = labelShifts(points.map((point) => ({ x: along(point.cost), y: (plotHeight * (high - point.value)) / (high - low), isLeft: point.cost > middle })));
  return {
    ...base(look),
    grid: { left: 52, right: 28, top: 34, bottom: 42 },
    xAxis: xAxis(look, cost === "dollars" ? "Dollars" : "Minutes", isWide ? { type: "log", min: Math.min(...costs) / 1.5, max: Math.max(...costs) * 1.5, axisLabel: { color: look.soft, fontFamily: font, fontSize: 11, formatter: (value: number) => number(value, 2) } } : { scale: false, min: 0 }),
    yAxis: yAxis(look, "Test accuracy, %", { min: low, max: high, axisLabel: { color: look.soft, fontFamily: font, fontSize: 11, hideOverlap: true, showMaxLabel: (high % 5) === 0 } }),
    legend: legend(look, []),
    tooltip: tip(look, (point: { data: { arm: ReportArm } }) => {
      const { arm } = point.data;
      return `${arm.name}\n${arm.test!.value.toFixed(1)} % on test (95 %: ${arm.test!.low.toFixed(1)} to ${arm.test!.high.toFixed(1)})\n${number(arm.minutes, 3)} min${arm.dollars > 0 ? `, ${dollars(arm.dollars)}` : ""}`;
    }),
    series: [
      {
        type: "custom",
        silent: true,
        data: points.map((point) => [point.cost, point.low, point.high]),
        encode: { x: 0, y: [1, 2] },
        renderItem: (params: { dataIndex: number }, api: { coord: (p: number[]) => [number, number] }) => {
          const point = points[params.dataIndex]!;
          const [x, y0] = api.coord([point.cost, point.low]);
          const [, y1] = api.coord([point.cost, point.high]);
          const line = (x1: number, y: number, x2: number, yy: number) => ({ type: "line", shape: { x1, y1: y, x2, y2: yy }, style: { stroke: color(point.arm), lineWidth: 1.5 } });
          return { type: "group", children: [line(x, y0, x, y1), line(x - 4, y0, x + 4, y0), line(x - 4, y1, x + 4, y1)] };
        },
        z: 2,
      },
      {
        type: "scatter",
        name: "arms",
        data: points.map((point, i) => ({
          arm: point.arm,
          value: [point.cost, point.value],
          symbol: shapes[strategies.indexOf(point.arm.strategy) % shapes.length],
          itemStyle: point.arm.tuned ? { color: color(point.arm) } : { color: look.raised, borderColor: color(point.arm), borderWidth: 2 },
          label: {
            show: true,
            formatter: point.arm.name,
            position: point.cost > middle ? "left" : "right",
            distance: 8,
            offset: [0, shifts[i]],
            padding: [1, 3],
            backgroundColor: look.raised, // the dashed line passes behind
            color: look.ink,
            fontFamily: font,
            fontSize: 12,
          },
        })),
        symbolSize: 11,
        z: 4,
      },
      {
        type: "line",
        name: "best at its cost",
        data: front(points),
        step: "end",
        symbol: "none",
        silent: true,
        lineStyle: { width: 1.5, color: look.soft, type: dashes[1] },
        z: 1,
      },
    ],
  };
}

const mostNamed = 30; // classes

// Row by row what each class was taken for; dark is often. Symbols of one class are as large as
// there is room.
export function confusionMatrix({ classes, cells }: Confusions, look: Look): EChartsCoreOption {
  const totals = new Map<number, number>();
  for (const [label, , count] of cells) totals.set(label, (totals.get(label) ?? 0) + count);
  const share = (label: number, count: number) => (100 * count) / (totals.get(label) ?? 1);
  const isNamed = classes.length <= mostNamed;
  const names = (place: object) => ({
    type: "category",
    data: classes,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: look.rule } },
    axisLabel: { show: isNamed, interval: 0, color: look.soft, fontFamily: font, fontSize: 11, width: 120, overflow: "truncate", ...place },
    nameLocation: "middle",
    nameTextStyle: { color: look.soft, fontFamily: font, fontSize: 12 },
  });
  const longest = Math.min(120, 8 + 6 * Math.max(...classes.map((name) => name.length)));
  const room = isNamed ? longest : 12;
  return {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: room + 26, right: 12, top: 12, bottom: room + 70 },
    xAxis: { ...names({ rotate: 60 }), name: "taken for a", nameGap: room + 12 },
    yAxis: { ...names({}), name: "is a", inverse: true, nameGap: room + 10 },
    tooltip: tip(look, (point: { data: [number, number, number, number] }) => {
      const [x, y, percent, count] = point.data;
      return `${classes[y]}\n${x === y ? "recognized" : `taken for ${classes[x]}`}: ${count} of ${totals.get(y)} (${percent.toFixed(0)} %)`;
    }),
    visualMap: {
      min: 0,
      max: 100,
      dimension: 2,
      calculable: false,
      orient: "horizontal",
      left: "center",
      bottom: 0,
      itemWidth: 10,
      itemHeight: 120,
      text: ["100 %", "0 % of the class"],
      textStyle: { color: look.soft, fontFamily: font, fontSize: 11 },
      inRange: { color: [look.hair, look.colors[0]] },
    },
    series: [
      {
        type: "heatmap",
        data: cells.map(([label, prediction, count]) => [prediction, label, share(label, count), count]),
        progressive: 0,
        itemStyle: classes.length > mostNamed ? {} : { borderColor: look.raised, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: look.ink, borderWidth: 1 } },
      },
    ],
  };
}
