// What the charts' options have in common: axes, tips, marks, legends.
import type { Row } from "../rows";
import type { Look } from "./chart";

export interface Point {
  key: string;
  value: [number, number];
  row: Row;
}

export const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

function axis(look: Look, name: string, more: object = {}) {
  return {
    type: "value",
    scale: true,
    name,
    nameLocation: "middle",
    nameTextStyle: { color: look.soft, fontFamily: font, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: look.rule } },
    axisTick: { show: false },
    axisLabel: { color: look.soft, fontFamily: font, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: look.hair } },
    ...more,
  };
}

export const xAxis = (look: Look, name: string, more: object = {}) =>
  axis(look, name, { nameGap: 28, splitLine: { show: false }, ...more });
// The name of the vertical axis stands above it, where it is read without turning one's head.
export const yAxis = (look: Look, name: string, more: object = {}) =>
  axis(look, name, {
    nameLocation: "end",
    nameGap: 12,
    nameTextStyle: { color: look.soft, fontFamily: font, fontSize: 12, align: "left", padding: [0, 0, 0, -44] },
    axisLine: { show: false },
    ...more,
  });

export function tip(look: Look, formatter: (point: never) => string) {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: look.raised,
    borderColor: look.rule,
    borderWidth: 1,
    padding: [8, 10],
    textStyle: { color: look.ink, fontFamily: font, fontSize: 12, lineHeight: 18 },
    formatter,
  };
}

export const base = (look: Look) => ({
  animation: false,
  color: look.colors,
  textStyle: { fontFamily: font },
  grid: { left: 52, right: 18, top: 34, bottom: 42 },
  aria: { enabled: false },
});

// Kinds differ in shape and filling too, for who sees no colours.
export const shapes = ["circle", "triangle", "diamond", "rect", "roundRect", "arrow"];
export const dashes: (string | number[])[] = ["solid", [7, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 2, 1, 2, 1, 2]];

// Of the kind-th kind, the first one filled. Beyond a few thousand points a canvas needs them plain.
export function scatter(name: string, data: Point[], kind: number, look: Look) {
  const color = look.colors[kind % look.colors.length]!;
  return {
    type: "scatter",
    name,
    data,
    symbol: shapes[kind % shapes.length],
    symbolSize: data.length > 600 ? 5 : 8,
    itemStyle:
      kind > 0
        ? { color: look.raised, borderColor: color, borderWidth: 1.5 }
        : { color, opacity: 0.8, borderColor: look.raised, borderWidth: 0.75 },
    emphasis: { scale: 1.6 },
    cursor: "pointer",
  };
}

export function legend(look: Look, names: string[]) {
  return {
    show: names.length > 1,
    data: names,
    top: 0,
    right: 12,
    itemWidth: 14,
    itemHeight: 9,
    itemGap: 14,
    textStyle: { color: look.soft, fontFamily: font, fontSize: 12 },
  };
}

// Room for what stands at the top right, where no name of an axis does.
export const unnamed = (look: Look) => yAxis(look, "");

