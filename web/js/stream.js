// The live stream: authenticates with its first frame, resumes where it was, comes back by itself.
import { key } from "./api.js";

const PING_MS = 25_000;
const SILENCE_MS = 60_000;

export class Stream {
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.last = null;
    this.tries = 0;
    this.wanted = false;
  }

  open() {
    this.wanted = true;
    this.connect();
  }

  close() {
    this.wanted = false;
    clearTimeout(this.retry);
    clearInterval(this.beat);
    this.socket?.close(1000);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const resume = this.last === null ? "" : `?last_seq=${this.last}`;
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/ws${resume}`);
    this.socket = socket;
    this.onState("wait", this.tries ? "reconnecting" : "connecting");
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "auth", token: key.get() }));
      socket.send(JSON.stringify({ type: "ping" }));
      this.heard = Date.now();
      clearInterval(this.beat);
      this.beat = setInterval(() => this.check(socket), PING_MS);
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => this.closed(event);
  }

  check(socket) {
    if (Date.now() - this.heard > SILENCE_MS) socket.close(4000);
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "ping" }));
  }

  take(message) {
    this.heard = Date.now();
    this.tries = 0;
    if (this.last === null || message.seq > this.last) this.last = message.seq;
    this.onState("live", "live");
    if (message.type !== "pong") this.onEvent(message);
  }

  closed(event) {
    clearInterval(this.beat);
    if (!this.wanted) return;
    if (event.code === 1008) {
      this.wanted = false;
      this.onState("off", "signed out");
      return;
    }
    this.tries += 1;
    this.onState("wait", "reconnecting");
    this.retry = setTimeout(() => this.connect(), Math.min(10_000, 300 * 2 ** Math.min(this.tries, 6)) * (0.7 + 0.6 * Math.random()));
  }
}
