// The best value over the observations, as small as a word.
export function Sparkline({ points, count, label }: { points: [number, number][]; count: number; label: string }) {
  const width = 132;
  const height = 34;
  if (points.length === 0) return <span class="soft">–</span>;
  const values = points.map((point) => point[1]);
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const x = (at: number) => (count > 1 ? ((at - 1) / (count - 1)) * (width - 6) : 0) + 3;
  const y = (value: number) => (span === 1 && low === values[0] && values.length === 1 ? height / 2 : height - 4 - ((value - low) / span) * (height - 8));
  let path = `M${x(points[0]![0])} ${y(points[0]![1])}`;
  for (const [at, value] of points.slice(1)) path += `H${x(at)}V${y(value)}`;
  path += `H${x(Math.max(count, 1))}`;
  const last = points[points.length - 1]!;
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={label}>
      <path d={path} />
      <circle cx={x(last[0])} cy={y(last[1])} r="2.6" />
    </svg>
  );
}
