// The equity curve.
import { money, percent, stamp } from "./format.js";
import { $, h } from "./dom.js";

let plot = null;
let drawn = null;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function fill(u) {
  const { top, height } = u.bbox;
  const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, `${css("--accent")}38`);
  gradient.addColorStop(1, `${css("--accent")}00`);
  return gradient;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_S = 86_400;

function dates(u, splits, index, space, step) {
  return splits.map((seconds) => {
    const t = new Date(seconds * 1000);
    const month = MONTHS[t.getUTCMonth()];
    if (step >= 28 * DAY_S) return `${month} ${t.getUTCFullYear()}`;
    if (step >= DAY_S || seconds % DAY_S === 0) return `${t.getUTCDate()} ${month}`;
    return `${String(t.getUTCHours()).padStart(2, "0")}:${String(t.getUTCMinutes()).padStart(2, "0")}`;
  });
}

function axis(side) {
  return { stroke: css("--dim"), font: "11.5px system-ui, sans-serif", grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, ...side };
}

// Shows the point under the cursor.
function tooltip(points) {
  const tip = h("div", { class: "tip num", hidden: true });
  return {
    hooks: {
      init: (u) => u.over.append(tip),
      setCursor: (u) => {
        const point = points[u.cursor.idx];
        tip.hidden = !point || u.cursor.left < 0;
        if (tip.hidden) return;
        tip.replaceChildren(h("b", {}, money(point.equity)), `${stamp(point.timestamp)} · drawdown ${percent(point.drawdown)}`);
        const left = Math.min(u.cursor.left + 14, u.over.clientWidth - tip.offsetWidth - 4);
        tip.style.transform = `translate(${Math.max(4, left)}px, 6px)`;
      },
    },
  };
}

function startLine(capital) {
  return {
    hooks: {
      drawAxes: (u) => {
        const y = Math.round(u.valToPos(capital, "y", true));
        const { left, width, top, height } = u.bbox;
        if (y < top || y > top + height) return;
        u.ctx.save();
        u.ctx.strokeStyle = css("--faint");
        u.ctx.setLineDash([4, 5]);
        u.ctx.beginPath();
        u.ctx.moveTo(left, y);
        u.ctx.lineTo(left + width, y);
        u.ctx.stroke();
        u.ctx.restore();
      },
    },
  };
}

export function drawEquity(curve) {
  const box = $("equity");
  drawn = curve;
  plot?.destroy();
  plot = null;
  if (!curve || curve.points.length < 2) {
    box.replaceChildren(h("p", { class: "empty" }, "The curve begins with the second round."));
    return;
  }
  box.replaceChildren();
  const xs = curve.points.map((p) => Date.parse(p.timestamp) / 1000);
  const ys = curve.points.map((p) => p.equity);
  plot = new uPlot(
    {
      width: box.clientWidth - 12,
      height: Math.max(220, box.clientHeight - 10),
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "UTC"),
      legend: { show: false },
      padding: [12, 22, 0, 0],
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 9, width: 2, fill: css("--accent") } },
      scales: { y: { range: (u, lo, hi) => { const room = Math.max((hi - lo) * 0.08, hi * 0.0005); return [lo - room, hi + room]; } } },
      axes: [axis({ space: 76, size: 32, values: dates }), axis({ size: 66, values: (u, ticks) => ticks.map((t) => t.toLocaleString("en-US", { maximumFractionDigits: 2 })) })],
      series: [{}, { stroke: css("--accent"), width: 2, fill, points: { show: false } }],
      plugins: [startLine(curve.initial_capital), tooltip(curve.points)],
    },
    [xs, ys],
    box,
  );
}

export const redraw = () => drawn && drawEquity(drawn);

new ResizeObserver(() => {
  const box = $("equity");
  if (plot && box.clientWidth) plot.setSize({ width: box.clientWidth - 12, height: Math.max(220, box.clientHeight - 10) });
}).observe($("equity"));
