// How numbers and times look.
const MONEY = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const PRICES = [2, 4, 6, 8].map((digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: digits }));
const AMOUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });

export const money = (value) => (value === null || value === undefined ? "–" : MONEY.format(value));
export const amount = (value) => (value === null || value === undefined ? "–" : AMOUNT.format(value));
export const percent = (fraction, digits = 2) => (fraction === null || fraction === undefined ? "–" : `${(fraction * 100).toFixed(digits)}%`.replace(/^-(?=0\.?0*%$)/, "").replace("-", "−"));
export const tone = (value) => (value >= 0.005 ? "up" : value <= -0.005 ? "down" : "dim");
export const ticker = (symbol) => (symbol.includes(":") ? `${symbol.split(":")[0]} perp` : symbol);

export function price(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return PRICES[size >= 100 ? 0 : size >= 1 ? 1 : size >= 0.01 ? 2 : 3].format(value);
}

export function signed(value) {
  if (value === null || value === undefined) return "–";
  const shown = MONEY.format(Math.abs(value));
  return shown === "0.00" ? shown : `${value > 0 ? "+" : "−"}${shown}`;
}

// Result ids that a text cites, such as [3f4e283d0697b5e8d9291962]; the votes list them on their own.
export const uncited = (text) => text.replace(/\s*\[[0-9a-f]{16,}(?:, [0-9a-f]{16,})*\]/g, "");

const pad = (n) => String(n).padStart(2, "0");

export function stamp(iso) {
  if (!iso) return "";
  const t = new Date(iso);
  return `${t.getUTCFullYear()}-${pad(t.getUTCMonth() + 1)}-${pad(t.getUTCDate())} ${pad(t.getUTCHours())}:${pad(t.getUTCMinutes())} UTC`;
}

export function brief(iso) {
  if (!iso) return "";
  const t = new Date(iso);
  return `${pad(t.getUTCMonth() + 1)}-${pad(t.getUTCDate())} ${pad(t.getUTCHours())}:${pad(t.getUTCMinutes())}`;
}
