// The sheet that explains one decision.
import { ask } from "./api.js";
import { $, chip, h, meter } from "./dom.js";
import { amount, money, percent, price, signed, stamp, tone, uncited } from "./format.js";

export async function explain(id) {
  const sheet = $("why");
  $("why-body").replaceChildren(h("p", { class: "dim" }, "Reading the record…"));
  if (!sheet.open) sheet.showModal();
  $("t-why").focus();
  try {
    const [decision, explained] = await Promise.all([ask(`/api/v1/decisions/${id}`), ask(`/api/v1/decisions/${id}/explain`)]);
    $("why-body").replaceChildren(...page(decision, explained));
    $("t-why").textContent = `Round ${decision.seq} · ${decision.symbol}`;
  } catch (error) {
    $("why-body").replaceChildren(h("p", { class: "problem" }, error.message));
  }
}

function page(d, e) {
  return [
    h("div", { class: "verdict" }, chip(d.decision), h("b", { class: "num" }, percent(d.confidence, 0)),
      h("span", { class: "dim" }, `confident, wants ${d.target} · ${stamp(d.created_at)} · ${d.source} data`), ended(d)),
    h("h3", {}, "Reasoning"), h("p", { class: "reason" }, summary(d.reasoning)),
    h("h3", {}, `Votes (${d.votes.length})`), ...d.votes.map(vote),
    ...turns(d, e), ...gate(d.risk), ...orders(d.orders), ...similar(e), ...context(d.context),
  ];
}

// The floor's own lines; what each agent said stands under its vote.
function summary(text) {
  return uncited(text.split("\n").filter((line) => !line.startsWith("- ")).join("\n"));
}

function turns(d, e) {
  const lines = e.without.filter((w) => w.changed).map((w) => h("li", {}, "Without ", h("b", {}, w.agent.replaceAll("_", " ")),
    w.decision === d.decision ? (w.entries_blocked ? `: entries blocked (${w.entries_blocked})` : ": entries free") : ` it would have been ${w.decision}`));
  if (e.flip) lines.push(h("li", {}, "Closest call: ", h("b", {}, e.flip.agent.replaceAll("_", " ")),
    ` at ${percent(e.flip.needed, 0)} instead of ${percent(e.flip.confidence, 0)} makes it ${e.flip.decision}`));
  if (!lines.length) lines.push(h("li", { class: "dim" }, "No single agent: without any one of them the floor had decided the same."));
  return [h("h3", {}, "What it hung on"), h("ul", { class: "turns" }, lines)];
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
      h("span", { class: "dim num" }, !v.counted ? "not counted" : v.weight > 0 ? `weight ${v.weight}` : "heard")),
    h("p", {}, v.abstain_reason ? `${v.abstain_reason}: ${v.reasoning}` : uncited(v.reasoning)),
    levels && h("p", { class: "num" }, levels),
    v.evidence.length > 0 && h("p", { class: "cites mono" }, `cites ${v.evidence.map((e) => e.slice(0, 10)).join(" ")}`));
}

function gate(risk) {
  const refused = (risk.gate ?? []).filter((g) => g.verdict === "refused");
  if (!refused.length) return [];
  return [h("h3", {}, "Stopped at the gate"), h("ul", { class: "turns" }, refused.map((g) =>
    h("li", {}, h("b", {}, g.leg.replaceAll("_", " ")), `: ${g.message || g.rule} (${g.value} against a limit of ${g.limit})`)))];
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

function similar(e) {
  const near = e.similar.slice(0, 5);
  const rates = e.base_rates;
  if (!near.length) return [h("h3", {}, "Similar situations"), h("p", { class: "dim" }, "None whose outcome was known at the time.")];
  return [h("h3", {}, `Similar situations: ${percent(rates.success_rate, 0)} of ${rates.cases} ended well`), h("div", { class: "tablewrap" }, h("table", {},
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
