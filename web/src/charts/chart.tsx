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
import { CanvasRenderer } from "echarts/renderers";
import type { EChartsCoreOption, ECharts } from "echarts/core";

echarts.use([
  BarChart,
  CanvasRenderer,
  CustomChart,
  GridComponent,
  HeatmapChart,
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

// Pixels of a canvas for each of the page's: those of the screen, since twice as many take twice the
// time; on paper two at least.
const density = signal(window.devicePixelRatio);
window.addEventListener("beforeprint", () => {
  density.value = Math.max(2, window.devicePixelRatio);
});
window.addEventListener("afterprint", () => {
  density.value = window.devicePixelRatio;
});

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
  const isTimed = useRef(false); // its first drawing
  const click = useRef(onClick);
  click.current = onClick;

  // In time for what is printed next: drawn before anything else happens.
  useLayoutEffect(() => {
    const made = echarts.init(box.current!, null, { renderer: "canvas", devicePixelRatio: density.value });
    chart.current = made;
    made.on("click", (event) => {
      const key = (event.data as { key?: string } | undefined)?.key;
      if (key) click.current?.(key);
    });
    setUp?.(made);
    // It tells the size that the chart has already, too: drawing all of it again costs a fifth of the
    // time until a page of many charts stands.
    const resize = new ResizeObserver(() => {
      if (made.getWidth() !== box.current!.clientWidth || made.getHeight() !== box.current!.clientHeight) made.resize();
    });
    resize.observe(box.current!);
    return () => {
      resize.disconnect();
      made.dispose();
    };
  }, [density.value]);

  useLayoutEffect(() => {
    const start = performance.now();
    chart.current?.setOption(option, { notMerge: false, replaceMerge: ["series"] });
    chart.current?.getZr().flush();
    if (!isTimed.current) performance.measure(`chart: ${label.slice(0, 40)}`, { start });
    isTimed.current = true;
  }, [option, density.value]);

  return <div class="chart" ref={box} style={{ height: `${height}px` }} role="img" aria-label={label} />;
}
