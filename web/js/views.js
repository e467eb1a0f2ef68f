// Drawing the panels from what the API said.
import { $, chip, h, meter, replace } from "./dom.js";
import { amount, brief, money, percent, price, signed, stamp, ticker, tone, uncited } from "./format.js";

const LABEL = { live: "LIVE", recorded: "RECORDED", synthetic: "SYNTHETIC" };
const HINT = {
  live: "Real market data as it happens",
  recorded: "Real market data of the past, replayed",
  synthetic: "Generated prices, not a real market",
};

export function bar(session) {
  for (const id of ["source", "mode", "market-time"]) $(id).hidden = !session;
  if (!session) return;
  $("source").dataset.source = session.source;
  $("source").textContent = LABEL[session.source];
  $("source").title = HINT[session.source];
  $("mode").dataset.mode = session.mode;
  $("mode").textContent = session.status === "RUNNING" ? session.mode : `${session.mode} · ${session.status}`;
  replace("market-time", session.as_of ? [h("span", { class: "word" }, "market time "), stamp(session.as_of)] : []);
}

export function sessions(all, chosen, choose) {
  const buttons = all.length < 2 ? [] : all.slice(0, 12).map((s) =>
    h("button", { type: "button", "aria-pressed": String(s.id === chosen), on: { click: () => choose(s.id) } },
      s.symbol, h("small", { class: "num" }, `${s.status.toLowerCase()} · ${signed(s.total_pnl)}`)));
  replace("sessions", buttons);
}

function figure(label, value, extra, kind = "") {
  return h("dl", { class: `figure ${kind}` }, h("dt", {}, label), h("dd", { class: "num" }, value, extra && h("small", {}, extra)));
}

export function figures(s, open) {
  if (!s) return replace("figures");
  const gain = s.total_pnl / s.initial_capital;
  const pnl = h("span", { class: tone(s.total_pnl) }, signed(s.total_pnl));
  replace("figures", [
    figure(`Equity · ${s.symbol}`, money(s.final_capital), null, "lead"),
    figure("Profit and loss", pnl, `${gain >= 0.00005 ? "+" : ""}${percent(gain)}`),
    figure("Max drawdown", percent(s.max_drawdown)),
    figure("Open positions", String(open)),
    figure("Closed trades", String(s.total_trades), `${s.winning_trades} won`),
    figure("Sharpe", s.sharpe_ratio === null ? "–" : s.sharpe_ratio.toFixed(2)),
    figure("Rounds", (s.head_seq + 1).toLocaleString("en-US"), s.head_hash.slice(0, 7)),
  ]);
}

export function voices(decision, agents, explain) {
  call(decision, explain);
  const votes = new Map((decision?.votes ?? []).map((v) => [v.agent_name, v]));
  const rows = agents.map((agent) => {
    const vote = votes.get(agent.name);
    const action = vote ? (vote.abstain_reason ? "ABSTAIN" : vote.action) : "–";
    return h("li", {},
      h("i", { class: "dot", data: { s: agent.is_healthy ? "active" : agent.status === "active" ? "inactive" : agent.status }, title: agent.is_healthy ? "healthy" : agent.status }),
      h("span", { class: "name" }, agent.name.replaceAll("_", " ")),
      chip(action),
      vote && !vote.abstain_reason ? meter(vote.confidence, action === "BUY" ? "up" : action === "SELL" ? "down" : "dim") : h("span", { class: "meter" }, vote?.abstain_reason ?? "no vote yet"),
      vote && h("p", { class: "said", title: uncited(vote.reasoning) }, uncited(vote.reasoning)));
  });
  replace("agents", rows.length ? rows : [h("li", {}, h("p", { class: "said" }, "Nobody has taken a seat yet."))]);
}

export function weigh(votes) {
  const sums = { BUY: 0, HOLD: 0, SELL: 0 };
  for (const v of votes) if (v.counted && v.action in sums) sums[v.action] += v.weight * (v.confidence ?? 0);
  return sums;
}

function call(decision, explain) {
  $("round-note").textContent = decision ? `round ${decision.seq} · ${brief(decision.created_at)}` : "";
  if (!decision) return replace("call", h("p", { class: "empty" }, "The first round has not closed yet."));
  const sums = weigh(decision.votes);
  const total = sums.BUY + sums.SELL + sums.HOLD || 1;
  const part = (cls, value) => {
    const span = h("span", { class: cls });
    span.style.width = `${(value / total) * 100}%`;
    return span;
  };
  replace("call", h("button", { type: "button", "aria-label": `${decision.decision}: why`, on: { click: () => explain(decision.id) } },
    h("div", { class: "word" }, h("b", { data: { a: decision.decision } }, decision.decision),
      h("span", { class: "dim num" }, `${decision.symbol} · ${percent(decision.confidence, 0)} confident · wants ${decision.target}`)),
    h("div", { class: "tug" }, part("b", sums.BUY), part("h", sums.HOLD), part("s", sums.SELL)),
    h("div", { class: "tug-key num" }, h("span", {}, `buy ${sums.BUY.toFixed(2)}`), h("span", {}, `hold ${sums.HOLD.toFixed(2)}`), h("span", {}, `sell ${sums.SELL.toFixed(2)}`))));
}

function headline(d) {
  return uncited(d.reasoning.split("\n", 1)[0]).replace(/^(BUY|SELL|HOLD): /, "");
}

function ending(d) {
  if (d.outcome === "PENDING") return h("span", { class: "end dim" }, "open");
  return h("span", { class: `end num ${tone(d.actual_pnl)}` }, d.actual_pnl === null ? d.outcome.toLowerCase() : signed(d.actual_pnl));
}

export function decisions(list, explain, known) {
  const fresh = list.filter((d) => !known.has(d.id)).length <= 3;
  const rows = list.map((d) => h("li", { class: fresh && !known.has(d.id) ? "fresh" : null },
    h("button", { class: "decision", type: "button", on: { click: () => explain(d.id) } },
      h("time", { datetime: d.created_at }, brief(d.created_at)), chip(d.decision),
      h("span", { class: "conf num dim" }, percent(d.confidence, 0)), h("span", { class: "why" }, headline(d)), ending(d))));
  replace("decisions", rows.length ? rows : [h("li", { class: "empty" }, "No decision yet.")]);
}

function levels(p) {
  return [p.stop_loss !== null && ` · stop ${price(p.stop_loss)}`, p.take_profit !== null && ` · target ${price(p.take_profit)}`].filter(Boolean).join("");
}

export function positions(list) {
  $("positions-note").textContent = list.length ? `unrealised ${signed(list.reduce((sum, p) => sum + p.unrealized_pnl, 0))}` : "";
  if (!list.length) return replace("positions", h("p", { class: "empty" }, "Flat: nothing is held."));
  replace("positions", h("ul", { class: "rows" }, list.map((p) => h("li", { class: "holding" },
    chip(p.side), h("b", {}, ticker(p.symbol), p.role === "hedge" && h("small", {}, "  hedge")),
    h("span", { class: tone(p.unrealized_pnl) }, signed(p.unrealized_pnl)),
    h("span", { class: "more" }, `${amount(p.quantity)} @ ${price(p.entry_price)}${levels(p)}`)))));
}

export function tape(items) {
  const rows = items.slice(0, 60).map((t) => h("li", { class: `tick ${t.fresh ? "fresh" : ""}` },
    h("time", { datetime: t.at }, brief(t.at)), chip(t.kind, t.label),
    h("span", { class: "what" }, h("b", { class: t.side === "BUY" ? "up" : "down" }, t.side.toLowerCase()), ` ${ticker(t.symbol)}`),
    h("span", { class: "amount" }, `${amount(t.quantity)}${t.price ? ` @ ${price(t.price)}` : ""}`),
    h("span", { class: "bad" }, [t.note, t.problem].filter(Boolean).join(" · "))));
  replace("tape", rows.length ? rows : [h("li", { class: "empty" }, "No order yet.")]);
}

export function components(status) {
  $("version").textContent = `Open Outcry ${status.version} · up ${status.uptime}`;
  replace("components", Object.entries(status.components).map(([name, state]) => h("span", {}, h("i", { data: { s: state } }), `${name} ${state}`)));
}
