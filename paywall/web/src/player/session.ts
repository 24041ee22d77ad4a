/** A playback session: asked for once, kept alive by beats, told goodbye when the page goes. */
import { jsonHeaders } from "../json-headers";
import type { Facts } from "./quality";

export interface Heartbeat { url: string; interval_s: number; jitter?: number; secret?: string }
export interface SessionAnswer {
  session_id: string;
  urls: { hls: string };
  transport: "header" | "path";
  token?: string;
  refresh_after?: number;
  heartbeat: Heartbeat;
  window?: { from?: string; until?: string };
}
export interface Problem {
  status: number;
  type?: string;
  code?: string;
  title?: string;
  detail?: string;
  starts_at?: string;
  way_out?: { url: string; label: string };
  retry_after_s?: number;
  conflicts?: { termination_code: string; device?: string }[];
}
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? String(problem.status));
    this.name = "Refused";
  }
}

interface BeatAnswer { next_s?: number; token?: string; refresh_after?: number }
interface Watcher {
  position(): { position_s: number; playing: boolean } & Facts;
  displaced(problem: Problem): void;
  refused(problem: Problem): void;
  lost(): void;
}

const DEVICE_KEY = "device-id";

/** This browser's id: kept, so that a reload takes its own place back instead of a second one. */
export function deviceId(): string {
  try {
    const known = localStorage.getItem(DEVICE_KEY);
    if (known !== null) return known;
    const made = crypto.randomUUID();
    localStorage.setItem(DEVICE_KEY, made);
    return made;
  } catch {
    return crypto.randomUUID();
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const wait = Number(answer.headers.get("Retry-After"));
  return { ...body, status: answer.status, ...(wait > 0 ? { retry_after_s: wait } : {}) };
}

export interface Wish { event: string; kind: "live" | "replay"; transport: "header" | "path"; terminate?: string | undefined }

export async function openSession(url: string, wish: Wish): Promise<SessionAnswer> {
  const answer = await fetch(url, {
    method: "POST",
    headers: jsonHeaders({
      "Idempotency-Key": crypto.randomUUID(),
      ...(wish.terminate === undefined ? {} : { Terminate: wish.terminate }),
    }),
    body: JSON.stringify({
      event: wish.event, kind: wish.kind, device_id: deviceId(),
      player: { type: "hls.js", drm: "none", transport: wish.transport },
    }),
  });
  if (!answer.ok) throw new Refused(await problemOf(answer));
  return (await answer.json()) as SessionAnswer;
}

export class Session {
  token: string | undefined;
  private readonly abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private refreshAt = Infinity;
  private stopped = false;

  constructor(readonly answer: SessionAnswer, private readonly watcher: Watcher) {
    this.token = answer.token;
    this.learnRefresh(answer.refresh_after);
    this.plan(answer.heartbeat.interval_s);
  }

  /** Says goodbye even while the page is being torn down. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort.abort();
    const { url, secret } = this.answer.heartbeat;
    const body = new Blob([JSON.stringify({ secret, ...this.watcher.position() })], { type: "application/json" });
    navigator.sendBeacon(url.replace(/\/beat$/, "/stop"), body);
  }

  private learnRefresh(after_s: number | undefined): void {
    this.refreshAt = after_s === undefined ? Infinity : performance.now() + after_s * 1000;
  }

  private plan(next_s: number): void {
    const jitter = this.answer.heartbeat.jitter ?? 0.1;
    // A jitter up to 1 is a share of the interval, above it is seconds.
    const spread_s = jitter <= 1 ? next_s * jitter : jitter;
    const beat_ms = Math.max(1, next_s + (Math.random() * 2 - 1) * spread_s) * 1000;
    const refresh_ms = Math.max(1_000, this.refreshAt - performance.now());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.beat(), Math.min(beat_ms, refresh_ms));
  }

  private async beat(): Promise<void> {
    const { url, interval_s, secret } = this.answer.heartbeat;
    let next_s = interval_s;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: jsonHeaders({ "X-Session-Secret": secret ?? "" }),
        body: JSON.stringify(this.watcher.position()), // No token_exp: a new token with every beat.
        signal: this.abort.signal,
      });
      if (this.stopped) return;
      if (answer.status === 410 || answer.status === 403) {
        this.stopped = true;
        const problem = await problemOf(answer);
        // 410 names why this session is over; only some of it can be begun again.
        if (problem.code === "elsewhere") this.watcher.displaced(problem);
        else if (problem.code === "silent" || problem.code === "unknown") this.watcher.lost();
        else this.watcher.refused(problem);
        return;
      }
      if (answer.ok) {
        const news = (await answer.json()) as BeatAnswer;
        next_s = news.next_s ?? interval_s;
        if (news.token !== undefined) this.token = news.token;
        this.learnRefresh(news.refresh_after);
      } else {
        next_s = Math.min(interval_s, Number(answer.headers.get("Retry-After")) || 10);
        this.refreshAt = Infinity;
      }
    } catch {
      // Offline or a broken server: playing goes on while the token lives, so ask again soon.
      next_s = Math.min(interval_s, 10);
      this.refreshAt = Infinity;
    }
    if (!this.stopped) this.plan(next_s);
  }
}
