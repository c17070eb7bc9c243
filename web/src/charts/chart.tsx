// One ECharts chart that follows its box, the light or dark look and its option. Tips are drawn
// into the canvas: as HTML they would need inline styles, which the page's policy forbids.
import { useLayoutEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import * as echarts from "echarts/core";
import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  ParallelComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
import type { EChartsCoreOption, ECharts } from "echarts/core";

echarts.use([
  BarChart,
  CanvasRenderer,
  CustomChart,
  GridComponent,
  HeatmapChart,
  LabelLayout,
  LegendComponent,
  LineChart,
  ParallelChart,
  ParallelComponent,
  ScatterChart,
  TooltipComponent,
  VisualMapContinuousComponent,
]);

export interface Look {
  ink: string;
  soft: string;
  rule: string;
  hair: string;
  paper: string;
  raised: string;
  colors: string[];
}

function readLook(): Look {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"),
    soft: of("--soft"),
    rule: of("--rule"),
    hair: of("--hair"),
    paper: of("--paper"),
    raised: of("--raised"),
    colors: ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5"].map(of),
  };
}

const look = signal<Look | null>(null);
export function useLook(): Look {
  if (!look.value) look.value = readLook();
  return look.value;
}
export function lookChanged() {
  look.value = readLook();
}
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", lookChanged);

interface Props {
  option: EChartsCoreOption;
  height: number;
  label: string; // for those who cannot see it
  onClick?: (key: string) => void; // of the point's `key`
  setUp?: (chart: ECharts) => void;
}

export function Chart({ option, height, label, onClick, setUp }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const click = useRef(onClick);
  click.current = onClick;

  // In time for what is printed next: drawn before anything else happens.
  useLayoutEffect(() => {
    const made = echarts.init(box.current!, null, { renderer: "canvas", devicePixelRatio: Math.max(2, window.devicePixelRatio) });
    chart.current = made;
    made.on("click", (event) => {
      const key = (event.data as { key?: string } | undefined)?.key;
      if (key) click.current?.(key);
    });
    setUp?.(made);
    const resize = new ResizeObserver(() => made.resize());
    resize.observe(box.current!);
    return () => {
      resize.disconnect();
      made.dispose();
    };
  }, []);

  useLayoutEffect(() => {
    chart.current?.setOption(option, { notMerge: false, replaceMerge: ["series"] });
  }, [option]);

  return <div class="chart" ref={box} style={{ height: `${height}px` }} role="img" aria-label={label} />;
}
