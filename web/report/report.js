"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const byId = (id) => document.getElementById(id);
  const utc = (s) => new Date(s * 1000).toISOString().slice(0, 16).replace("T", " ");
  const number = (v, digits = 2) => v.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const price = (v) => v.toLocaleString("en-US", { maximumSignificantDigits: 7 });
  const trades = data.trades;
  const charts = [];
  let shown = 0; // the symbol on the candle chart
  let logarithmic = false; // the account's scale

  // ── theme ────────────────────────────────────────────────────────────────────────────────────────
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    draw();
  });

  // ── charts ───────────────────────────────────────────────────────────────────────────────────────
  const axis = (more = {}) => ({
    stroke: css("--dim"), grid: { stroke: css("--grid"), width: 1 }, ticks: { show: false },
    font: "12px system-ui, sans-serif", ...more,
  });
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const when = (u, splits, place, space, step) => splits.map((s) => {
    const at = new Date(s * 1000), month = MONTHS[at.getUTCMonth()], day = at.getUTCDate();
    if (step >= 31e6) return `${at.getUTCFullYear()}`;
    if (step >= 24e5) return at.getUTCMonth() === 0 ? `${at.getUTCFullYear()}` : month;
    if (step >= 86400 || (at.getUTCHours() === 0 && at.getUTCMinutes() === 0)) return `${day} ${month}`;
    return at.toISOString().slice(11, 16);
  });
  const money = (u, values) => values.map((v) => (v == null ? "" : v.toLocaleString("en-US", { maximumSignificantDigits: 5 })));
  const size = (element, legend) => ({ width: element.clientWidth, height: element.clientHeight - legend });
  const base = (element, legend) => ({
    ...size(element, legend), tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"), padding: [10, 22, 0, 4],
  });

  function account() {
    const { t, v, hold, fall } = data.equity;
    const sync = { key: "account", setSeries: false };
    const cursor = { sync, drag: { x: true, y: false }, points: { size: 7 } };
    const top = byId("equity"), low = byId("fall");
    charts.push(new uPlot({
      ...base(top, 30), cursor,
      axes: [axis({ values: when }), axis({ size: 76, values: money })],
      series: [
        { label: "", value: (u, s) => (s == null ? "" : utc(s)) },
        { label: "account", stroke: css("--up"), width: 2, fill: css("--up-soft"), value: (u, x) => (x == null ? "" : `${number(x)} ${data.quote}`), points: { show: false } },
        { label: "bought and held", stroke: css("--faint"), width: 1.25, dash: [5, 4], value: (u, x) => (x == null ? "" : `${number(x)} ${data.quote}`), points: { show: false } },
      ],
      scales: { y: logarithmic ? { distr: 3 } : { range: (u, a, b) => { const room = (b - a || Math.abs(b) || 1) * 0.06; return [a - room, b + room]; } } },
    }, [t, v, hold], top));
    charts.push(new uPlot({
      ...base(low, 0), cursor, legend: { show: false },
      axes: [axis({ show: false, size: 0 }), axis({ size: 76, values: (u, xs) => xs.map((x) => `${x} %`) })],
      series: [{}, { stroke: css("--down"), width: 1.25, fill: css("--down-soft"), points: { show: false } }],
      scales: { y: { range: (u, a) => [Math.min(a, -1) * 1.05, 0] } },
    }, [t, fall], low));
  }

  let market = null;
  function candles() {
    const one = data.candles[shown], element = byId("candles");
    const price1 = (label, key) => ({ label, paths: () => null, points: { show: false }, value: (u, v) => (v == null ? "" : price(v)) });
    market = new uPlot({
      ...base(element, 30), cursor: { drag: { x: true, y: false }, points: { show: false } },
      axes: [axis({ values: when }), axis({ size: 76, values: money })],
      series: [{ label: "", value: (u, s) => (s == null ? "" : utc(s)) }, price1("open"), price1("high"), price1("low"), price1("close")],
      scales: { y: { range: (u, a, b) => { const room = (b - a || Math.abs(b) || 1) * 0.05; return [a - room, b + room]; } } },
      hooks: { draw: [drawCandles, drawTrades] },
    }, [one.t, one.o, one.h, one.l, one.c], element);
    charts.push(market);
    market.over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { min, max } = market.scales.x;
      const at = market.posToVal(event.offsetX, "x"), by = event.deltaY > 0 ? 1.25 : 0.8;
      look(at - (at - min) * by, at + (max - at) * by);
    }, { passive: false });
    byId("bars").textContent = one.thinned ? `drawn as ${one.bar} candles` : `${one.bar} candles`;
  }

  function drawCandles(u) {
    const { ctx } = u, [t, o, h, l, c] = u.data, one = data.candles[shown];
    const from = u.scales.x.min - one.bar_s, to = u.scales.x.max;
    const width = Math.max(1, Math.min(18, (u.valToPos(t[0] + one.bar_s, "x", true) - u.valToPos(t[0], "x", true)) * 0.68));
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    for (const rising of [true, false]) {
      ctx.fillStyle = ctx.strokeStyle = css(rising ? "--up" : "--down");
      ctx.lineWidth = width < 3 ? 1 : 1.25;
      ctx.beginPath();
      for (let i = lower(t, from); i < t.length && t[i] <= to; i++) {
        if (c[i] >= o[i] !== rising) continue;
        const x = u.valToPos(t[i] + one.bar_s / 2, "x", true);
        ctx.moveTo(x, u.valToPos(h[i], "y", true));
        ctx.lineTo(x, u.valToPos(l[i], "y", true));
        if (width < 2) continue;
        const top = u.valToPos(Math.max(o[i], c[i]), "y", true), bottom = u.valToPos(Math.min(o[i], c[i]), "y", true);
        ctx.fillRect(x - width / 2, top, width, Math.max(1, bottom - top));
      }
      ctx.globalAlpha = 0.85;
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    ctx.restore();
  }

  function drawTrades(u) {
    const { ctx } = u, { min, max } = u.scales.x;
    const visible = [];
    for (let i = 0; i < trades.in.length; i++) {
      if (trades.symbol[i] === shown && trades.out[i] >= min && trades.in[i] <= max) visible.push(i);
    }
    const small = visible.length > 250, r = (small ? 2.5 : 5) * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    for (const i of visible) {
      const x1 = u.valToPos(trades.in[i], "x", true), y1 = u.valToPos(trades.entry[i], "y", true);
      const x2 = u.valToPos(trades.out[i], "x", true), y2 = u.valToPos(trades.exit[i], "y", true);
      ctx.strokeStyle = ctx.fillStyle = css(trades.pnl[i] > 0 ? "--up" : "--down");
      ctx.lineWidth = (small ? 1 : 1.75) * devicePixelRatio;
      ctx.beginPath(); ctx.moveTo(x1, y1); ctx.lineTo(x2, y2); ctx.stroke();
      ctx.fillStyle = css("--info");
      triangle(ctx, x1, y1, r, trades.side[i]);
      ctx.fillStyle = css(trades.pnl[i] > 0 ? "--up" : "--down");
      ctx.beginPath(); ctx.arc(x2, y2, r * 0.8, 0, 7); ctx.fill();
      ctx.lineWidth = devicePixelRatio; ctx.strokeStyle = css("--panel"); ctx.stroke();
    }
    ctx.restore();
  }

  function triangle(ctx, x, y, r, side) {
    ctx.beginPath();
    ctx.moveTo(x, y - side * r); ctx.lineTo(x - r, y + side * r); ctx.lineTo(x + r, y + side * r);
    ctx.closePath(); ctx.fill();
    ctx.lineWidth = devicePixelRatio; ctx.strokeStyle = css("--panel"); ctx.stroke();
  }

  function lower(sorted, value) {
    let low = 0, high = sorted.length;
    while (low < high) { const mid = (low + high) >> 1; if (sorted[mid] < value) low = mid + 1; else high = mid; }
    return low;
  }

  // ── moving over the candles ──────────────────────────────────────────────────────────────────────
  function look(min, max) {
    const one = data.candles[shown], first = one.t[0], last = one.t[one.t.length - 1] + one.bar_s;
    const least = 12 * one.bar_s, span = Math.max(least, Math.min(max - min, last - first));
    const start = Math.max(first, Math.min((min + max - span) / 2, last - span));
    market.setScale("x", { min: start, max: start + span });
  }
  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => {
      const { max } = market.scales.x, one = data.candles[shown], days = Number(button.dataset.days);
      if (days) look(max - days * 86400, max); else look(one.t[0], one.t[one.t.length - 1] + one.bar_s);
    });
  }
  const step = (by) => { const { min, max } = market.scales.x; look(min + by * (max - min), max + by * (max - min)); };
  byId("back").addEventListener("click", () => step(-0.6));
  byId("on").addEventListener("click", () => step(0.6));
  const log = byId("log");
  log.disabled = !data.equity.v.concat(data.equity.hold).every((v) => v > 0);
  log.addEventListener("click", () => { logarithmic = !logarithmic; log.setAttribute("aria-pressed", logarithmic); draw(); });
  byId("symbol")?.addEventListener("change", (event) => { shown = Number(event.target.value); draw(); });

  // ── trades ───────────────────────────────────────────────────────────────────────────────────────
  const COLUMNS = [
    ["#", (i) => i + 1, (i) => i], ["symbol", (i) => data.candles[trades.symbol[i]].symbol, (i) => trades.symbol[i]],
    ["side", (i) => (trades.side[i] > 0 ? "long" : "short"), (i) => trades.side[i]],
    ["entered", (i) => utc(trades.in[i]), (i) => trades.in[i]], ["at", (i) => price(trades.entry[i]), (i) => trades.entry[i]],
    ["left", (i) => utc(trades.out[i]), (i) => trades.out[i]], ["at", (i) => price(trades.exit[i]), (i) => trades.exit[i]],
    ["size", (i) => price(trades.size[i]), (i) => trades.size[i]], ["fees", (i) => number(trades.fees[i]), (i) => trades.fees[i]],
    ["net", (i) => number(trades.pnl[i]), (i) => trades.pnl[i]], ["exit", (i) => data.reasons[trades.reason[i]], (i) => trades.reason[i]],
  ];
  const PAGE = 25;
  const order = trades.in.map((_, i) => i);
  let sorted = { column: 0, up: true }, page = 0;

  function rows() {
    const table = byId("table");
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    COLUMNS.forEach(([name], n) => {
      const cell = document.createElement("th");
      cell.textContent = name; cell.tabIndex = 0;
      if (n === sorted.column) cell.ariaSort = sorted.up ? "ascending" : "descending";
      const sort = () => {
        sorted = { column: n, up: n === sorted.column ? !sorted.up : true };
        const key = COLUMNS[n][2];
        order.sort((a, b) => (sorted.up ? 1 : -1) * (key(a) - key(b)) || a - b);
        page = 0; rows();
      };
      cell.addEventListener("click", sort);
      cell.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
      head.append(cell);
    });
    const body = table.createTBody();
    for (const i of order.slice(page * PAGE, (page + 1) * PAGE)) {
      const row = body.insertRow();
      row.tabIndex = 0;
      COLUMNS.forEach(([name, show]) => {
        const cell = row.insertCell();
        cell.textContent = show(i);
        if (name === "net") cell.className = trades.pnl[i] > 0 ? "up" : "down";
      });
      const see = () => visit(i);
      row.addEventListener("click", see);
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") see(); });
    }
    const pages = Math.max(1, Math.ceil(order.length / PAGE));
    byId("shown").textContent = `page ${page + 1} of ${pages}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page >= pages - 1;
  }
  byId("previous").addEventListener("click", () => { page--; rows(); });
  byId("next").addEventListener("click", () => { page++; rows(); });

  function visit(i) {
    if (trades.symbol[i] !== shown) { shown = trades.symbol[i]; if (byId("symbol")) byId("symbol").value = shown; draw(); }
    const room = Math.max(trades.out[i] - trades.in[i], 20 * data.candles[shown].bar_s);
    look(trades.in[i] - room, trades.out[i] + room);
    byId("market").scrollIntoView({ behavior: "smooth" });
  }

  // ── all of it ────────────────────────────────────────────────────────────────────────────────────
  function draw() {
    const seen = market && { min: market.scales.x.min, max: market.scales.x.max };
    for (const chart of charts.splice(0)) chart.destroy();
    account(); candles();
    if (seen && seen.min != null) look(seen.min, seen.max);
  }
  let resizing = 0;
  addEventListener("resize", () => { cancelAnimationFrame(resizing); resizing = requestAnimationFrame(draw); });
  draw(); rows();
})();
