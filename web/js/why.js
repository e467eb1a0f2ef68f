// The sheet that explains one decision.
import { ask } from "./api.js";
import { $, chip, h, meter } from "./dom.js";
import { amount, money, percent, price, signed, stamp, tone } from "./format.js";

export async function explain(id) {
  const sheet = $("why");
  $("why-body").replaceChildren(h("p", { class: "dim" }, "Reading the record…"));
  if (!sheet.open) sheet.showModal();
  $("t-why").focus();
  try {
    const [decision, near] = await Promise.all([ask(`/api/v1/decisions/${id}`), ask(`/api/v1/decisions/${id}/similar?limit=5`)]);
    $("why-body").replaceChildren(...page(decision, near.similar));
    $("t-why").textContent = `Round ${decision.seq} · ${decision.symbol}`;
  } catch (error) {
    $("why-body").replaceChildren(h("p", { class: "problem" }, error.message));
  }
}

function page(d, near) {
  return [
    h("div", { class: "verdict" }, chip(d.decision), h("b", { class: "num" }, percent(d.confidence, 0)),
      h("span", { class: "dim" }, `confident, wants ${d.target} · ${stamp(d.created_at)} · ${d.source} data`), ended(d)),
    h("h3", {}, "Reasoning"), h("p", { class: "reason" }, d.reasoning),
    h("h3", {}, `Votes (${d.votes.length})`), ...d.votes.map(vote),
    ...risk(d.risk), ...orders(d.orders), ...similar(near), ...context(d.context),
  ];
}

function ended(d) {
  if (d.outcome === "PENDING") return h("span", { class: "dim" }, "outcome not known yet");
  return h("span", {}, chip(d.outcome), " ", h("span", { class: `num ${tone(d.actual_pnl)}` }, signed(d.actual_pnl)), " ", h("span", { class: "dim" }, d.outcome_reason ?? ""));
}

function vote(v) {
  const levels = [v.stop_loss !== null && `stop ${price(v.stop_loss)}`, v.take_profit !== null && `target ${price(v.take_profit)}`,
    v.size_factor !== null && `size × ${v.size_factor}`, v.hedge_ratio !== null && `hedge ${percent(v.hedge_ratio, 0)}`].filter(Boolean).join(" · ");
  return h("div", { class: "vote" },
    h("div", {}, h("b", {}, v.agent_name.replaceAll("_", " ")), chip(v.abstain_reason ? "ABSTAIN" : v.action),
      h("span", { class: "grow" }, v.confidence === null ? null : meter(v.confidence, v.action === "BUY" ? "up" : v.action === "SELL" ? "down" : "dim")),
      h("span", { class: "dim num" }, v.counted ? `weight ${v.weight}` : "not counted")),
    h("p", {}, v.abstain_reason ? `${v.abstain_reason}: ${v.reasoning}` : v.reasoning),
    levels && h("p", { class: "num" }, levels),
    v.evidence.length > 0 && h("p", { class: "cites mono" }, `cites ${v.evidence.map((e) => e.slice(0, 10)).join(" ")}`));
}

function risk(r) {
  const rows = Object.entries(r ?? {}).filter(([, value]) => value !== null && typeof value !== "object");
  return rows.length ? [h("h3", {}, "Risk"), pairs(rows)] : [];
}

function orders(list) {
  if (!list.length) return [h("h3", {}, "Orders"), h("p", { class: "dim" }, "No order came of it.")];
  return [h("h3", {}, "Orders"), h("div", { class: "tablewrap" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Leg", "", "Order", "Filled", ""].map((t, i) => h("th", { class: i > 1 && i < 4 ? "n" : null, scope: "col" }, t)))),
    h("tbody", {}, list.map((o) => h("tr", {},
      h("td", {}, o.leg), h("td", {}, chip(o.side === "BUY" ? "BUY" : "SELL")),
      h("td", { class: "n" }, `${o.type.toLowerCase()} ${amount(o.quantity)} ${o.price ?? o.stop_price ? `@ ${price(o.price ?? o.stop_price)}` : ""}`),
      h("td", { class: "n" }, amount(o.executed_quantity)),
      h("td", {}, chip(o.status), o.error_message && h("small", {}, ` ${o.error_message}`)))))))];
}

function similar(near) {
  if (!near.length) return [h("h3", {}, "Similar situations"), h("p", { class: "dim" }, "None whose outcome was known at the time.")];
  return [h("h3", {}, "Similar situations, and how they ended"), h("div", { class: "tablewrap" }, h("table", {},
    h("tbody", {}, near.map((s) => h("tr", {},
      h("td", { class: "num" }, percent(s.similarity, 1)), h("td", {}, chip(s.decision)), h("td", { class: "num" }, stamp(s.created_at)),
      h("td", {}, chip(s.outcome)), h("td", { class: `n ${tone(s.actual_pnl)}` }, signed(s.actual_pnl)))))))];
}

function context(c) {
  const rows = Object.entries(c ?? {}).filter(([, value]) => value === null || typeof value !== "object");
  const inner = Object.entries(c ?? {}).filter(([, value]) => value !== null && typeof value === "object" && !Array.isArray(value)).flatMap(([, value]) => Object.entries(value).filter(([, v]) => v === null || typeof v !== "object"));
  const all = [...rows, ...inner].slice(0, 48);
  return all.length ? [h("h3", {}, "What the market looked like"), pairs(all)] : [];
}

function pairs(rows) {
  const text = (v) => (v === null ? "–" : typeof v === "number" ? (Math.abs(v) >= 1000 ? money(v) : String(Math.round(v * 10000) / 10000)) : String(v));
  return h("div", { class: "pairs" }, rows.map(([name, value]) => h("div", {}, h("dt", { title: name }, name.replaceAll("_", " ")), h("dd", { title: text(value) }, text(value)))));
}
