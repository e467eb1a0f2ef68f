// Puts the page together: sign in, load, follow the stream, keep fresh.
import { Refused, ask, key } from "./api.js";
import { drawEquity, redraw } from "./chart.js";
import { $ } from "./dom.js";
import { halting } from "./halt.js";
import { Stream } from "./stream.js";
import { fillTick, orderTick, tapeOf } from "./tape.js";
import * as view from "./views.js";
import { explain } from "./why.js";

const REFRESH_MS = 1500;
const POLL_MS = 10_000;
const state = { sessions: [], session: null, agents: [], positions: [], decisions: [], latest: null, tape: [], known: null };
let busy = false;
let again = false;
let timer = null;

const stream = new Stream(heard, (link, text) => {
  $("link").dataset.state = link;
  $("link").lastElementChild.textContent = text;
  if (text === "signed out") signOut("That key is no longer accepted.");
});
const halt = halting(refreshSoon);

function heard(message) {
  const { type, data } = message;
  if (type === "order_update" && data.status !== "FILLED") remember(orderTick(data, message.timestamp));
  if (type === "trade") remember(fillTick(data, message.timestamp));
  if (type === "agent_status") Object.assign(state.agents.find((a) => a.name === data.name) ?? {}, data);
  if (type === "system_status" || type === "error") announce(data);
  refreshSoon();
}

function remember(tick) {
  state.tape.unshift({ ...tick, fresh: true });
  state.tape.length = Math.min(state.tape.length, 60);
  view.tape(state.tape);
  for (const item of state.tape) item.fresh = false;
}

function announce(data) {
  if (data.error) $("link").title = `${data.error}${data.details ? `: ${data.details}` : ""}`;
}

function refreshSoon() {
  if (timer === null) timer = setTimeout(() => { timer = null; refresh(); }, REFRESH_MS);
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    await load();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) signOut("That key is not accepted.");
    else $("link").title = error.message;
  } finally {
    busy = false;
    if (again) { again = false; refreshSoon(); }
  }
}

async function load() {
  const [sessions, agents, halted, status] = await Promise.all([ask("/api/v1/sessions?limit=12"), ask("/api/v1/agents"), ask("/api/v1/trade/halt"), ask("/api/v1/status")]);
  state.sessions = sessions.sessions;
  state.agents = agents.agents;
  if (!state.sessions.some((s) => s.id === state.session)) state.session = state.sessions[0]?.id ?? null;
  halt.show(halted);
  view.components(status);
  await loadSession(state.session);
}

async function loadSession(id) {
  const session = state.sessions.find((s) => s.id === id) ?? null;
  if (session) {
    const q = `session_id=${id}`;
    const [positions, decisions, curve] = await Promise.all([ask(`/api/v1/positions?${q}`), ask(`/api/v1/decisions?${q}&limit=40`), ask(`/api/v1/sessions/${id}/equity?points=800`)]);
    if (state.session !== id) return;
    state.positions = positions.positions;
    state.decisions = decisions.decisions;
    drawEquity(curve);
    $("equity-note").textContent = `${curve.symbol} · ${session.timeframe} rounds · ${curve.source}`;
    if (state.decisions[0] && state.latest?.id !== state.decisions[0].id) state.latest = await ask(`/api/v1/decisions/${state.decisions[0].id}`);
  }
  draw(session);
}

function draw(session) {
  view.bar(session);
  view.sessions(state.sessions, state.session, choose);
  view.figures(session, state.positions.length);
  view.voices(session ? state.latest : null, state.agents, explain);
  view.positions(state.positions);
  view.decisions(state.decisions, explain, state.known ?? new Set(state.decisions.map((d) => d.id)));
  state.known = new Set(state.decisions.map((d) => d.id));
}

async function choose(id) {
  Object.assign(state, { session: id, latest: null, positions: [], decisions: [], known: null });
  await loadSession(id);
}

async function enter() {
  await load();
  state.tape = await tapeOf();
  view.tape(state.tape);
  $("floor").hidden = false;
  for (const id of ["sign-out", "halt"]) $(id).hidden = false;
  redraw();
  stream.open();
}

function signOut(why = "") {
  stream.close();
  key.forget();
  $("floor").hidden = true;
  for (const id of ["sign-out", "halt", "source", "mode", "market-time"]) $(id).hidden = true;
  $("sign-in-error").textContent = why;
  $("key").value = "";
  if (!$("sign-in").open) $("sign-in").showModal();
}

$("sign-in").addEventListener("cancel", (event) => event.preventDefault());
$("sign-in").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  key.set($("key").value.trim());
  $("sign-in-error").textContent = "";
  try {
    await enter();
    $("sign-in").close();
    $("floor").focus({ preventScroll: true });
  } catch (error) {
    key.forget();
    $("sign-in-error").textContent = error instanceof Refused && error.status === 401 ? "That key is not accepted." : error.message;
  }
});
$("sign-out").addEventListener("click", () => signOut());
$("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("outcry-theme", next); } catch { /* not kept then */ }
  redraw();
});
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
for (const sheet of [$("why"), $("halt-dialog")]) sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
setInterval(() => { if (key.get() && !$("floor").hidden && document.visibilityState === "visible") refresh(); }, POLL_MS);

if (key.get()) enter().catch((error) => signOut(error instanceof Refused && error.status === 401 ? "" : error.message));
else signOut();
