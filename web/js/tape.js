// Orders and fills in the order they happened.
import { ask } from "./api.js";

export function orderTick(o, at) {
  return { at: o.filled_at ?? o.canceled_at ?? o.placed_at ?? at, kind: o.status, label: label(o.status), side: o.side, symbol: o.symbol,
    note: (o.type ?? "order").toLowerCase().replaceAll("_", " "), quantity: o.quantity, price: o.price ?? o.stop_price ?? null, problem: o.error_message ?? null };
}

export function fillTick(t, at) {
  return { at: t.executed_at ?? at, kind: "FILL", label: "FILL", side: t.side, symbol: t.symbol,
    note: t.commission ? `fee ${Number(t.commission).toFixed(4)}` : "", quantity: t.quantity, price: t.price, problem: null };
}

function label(status) {
  return { PARTIALLY_FILLED: "PART", CANCELED: "CANCEL", REJECTED: "REFUSED", NEW: "WORKS" }[status] ?? status;
}

export async function tapeOf() {
  const [orders, trades] = await Promise.all([ask("/api/v1/orders?limit=40"), ask("/api/v1/trades?limit=40&start_time=1970-01-01")]);
  const fills = trades.map((t) => fillTick({ ...t, executed_at: t.timestamp, commission: t.fees, symbol: t.symbol, side: t.side.toUpperCase() }));
  const rest = orders.orders.filter((o) => o.status !== "FILLED").map((o) => orderTick(o, o.updated_at));
  return [...fills, ...rest].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, 60);
}
