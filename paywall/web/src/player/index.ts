/**
 * <live-player event-id kind="live|replay" sessions-url="/v1/playback/sessions" poster out-url>
 *   <script type="application/json">{labels}</script>
 * </live-player>
 *
 * Asks for a playback session, plays its HLS address and keeps the session alive. Where hls.js works
 * the token travels as a header on media requests; where only native HLS is there (iPhone) the
 * address itself carries it. `out-url` is the way out when a refusal names none.
 */
import Hls, { type HlsConfig } from "hls.js";
import { Chrome, hasHelp, wantHelp, type Choice } from "./chrome";
import { readLabels, type Label, type Labels } from "./labels";
import { Quality } from "./quality";
import { openSession, Refused, Session, type Problem } from "./session";

const SKELETON_AFTER_MS = 300;
const WAIT_FIRST_S = 5;
const WAIT_MOST_S = 60;
// Stream not there yet, early, or a server that is briefly too busy: worth asking again.
const NOT_YET = new Set([404, 425, 429, 502, 503, 504]);

class LivePlayer extends HTMLElement {
  private labels!: Labels;
  private video!: HTMLVideoElement;
  private chrome!: Chrome;
  private hls: Hls | undefined;
  private session: Session | undefined;
  private message: HTMLElement | undefined;
  private spinner: HTMLElement | undefined;
  private spinnerTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private waited = 0;
  private recoveries = 0;
  private quality = new Quality();

  connectedCallback(): void {
    if (this.video !== undefined) return;
    this.labels = readLabels(this);
    this.video = document.createElement("video");
    this.video.playsInline = true;
    this.video.preload = "auto";
    const poster = this.getAttribute("poster");
    if (poster !== null) this.video.poster = poster;
    this.append(this.video);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", this.labels.player);
    this.tabIndex = -1;
    this.chrome = new Chrome(this, this.video, this.labels, {
      seekLive: () => this.seekLive(),
      qualities: () => this.qualities(),
      chooseQuality: (id) => { if (this.hls !== undefined) this.hls.nextLevel = id; },
      captions: () => this.captions(),
      chooseCaptions: (id) => this.chooseCaptions(id),
    }, this.isLive);
    this.append(this.chrome.root);
    this.video.addEventListener("playing", () => { this.quality.playing(); this.calm(); });
    this.video.addEventListener("canplay", () => this.spin(false));
    this.video.addEventListener("waiting", () => { this.quality.waiting(this.video.seeking); this.spin(true); });
    this.video.addEventListener("pause", () => this.quality.paused());
    this.video.addEventListener("ended", () => this.ended());
    this.video.addEventListener("error", () => { if (this.hls === undefined) this.broken(); });
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => { if (event.persisted) void this.start(); });
    window.addEventListener("online", () => { if (this.message?.dataset["state"] === "offline") void this.start(); });
    void this.start();
  }

  disconnectedCallback(): void {
    this.leave();
  }

  private get isLive(): boolean {
    return this.getAttribute("kind") !== "replay";
  }

  private async start(terminate?: string): Promise<void> {
    this.leave();
    this.clearMessage();
    this.spin(true);
    this.quality = new Quality();
    const useHls = Hls.isSupported();
    if (!useHls && this.video.canPlayType("application/vnd.apple.mpegurl") === "") {
      this.show("error", "error_title", this.labels.unsupported_text, false);
      return;
    }
    try {
      const answer = await openSession(this.getAttribute("sessions-url") ?? "/v1/playback/sessions",
        { event: this.getAttribute("event-id") ?? "", kind: this.isLive ? "live" : "replay", transport: useHls ? "header" : "path", terminate });
      this.session = new Session(answer, {
        position: () => ({
          position_s: Math.round(this.video.currentTime * 10) / 10, playing: !this.video.paused, ...this.quality.facts(),
        }),
        displaced: () => this.displaced(),
        refused: (problem) => this.refuse(problem),
        lost: () => void this.start(),
      });
      if (useHls) this.playWithHls(answer.urls.hls, answer.transport === "header");
      else this.playNatively(answer.urls.hls);
    } catch (error) {
      this.couldNotStart(error);
    }
  }

  private couldNotStart(error: unknown): void {
    this.spin(false);
    if (!(error instanceof Refused)) {
      if (navigator.onLine) this.broken();
      else this.show("offline", "offline_title", this.labels.offline_text, true);
    } else if (NOT_YET.has(error.problem.status) || error.problem.code === "not_started") {
      this.wait(error.problem.retry_after_s);
    } else if (error.problem.status === 409 && error.problem.conflicts?.[0] !== undefined) {
      this.displaced(error.problem.conflicts[0].termination_code);
    } else if (error.problem.status >= 500) {
      this.broken();
    } else {
      this.refuse(error.problem);
    }
  }

  private playWithHls(url: string, header: boolean): void {
    const media = new URL(url, location.href);
    const config: Partial<HlsConfig> = {
      enableWorker: false, // A worker would need blob: in the page's policy.
      backBufferLength: 90,
      liveSyncDurationCount: 3,
      xhrSetup: (request, address) => {
        // The token goes to the media host and nowhere else. Read at each request, so a renewed
        // token is used from the next segment on.
        const token = this.session?.token;
        if (header && token !== undefined && new URL(address, location.href).origin === media.origin) {
          request.setRequestHeader("Authorization", `Bearer ${token}`);
        }
      },
    };
    const hls = new Hls(config);
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.waited = 0;
      this.chrome.update();
      void this.play();
    });
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => this.chrome.update());
    hls.on(Hls.Events.FRAG_BUFFERED, () => { this.recoveries = 0; });
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      const status = data.response?.code ?? 0;
      if (data.details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR && NOT_YET.has(status)) this.wait();
      else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.recoveries++ < 2) hls.recoverMediaError();
      else if (!navigator.onLine) this.show("offline", "offline_title", this.labels.offline_text, true);
      // An edge that turns our token down: a new session brings a fresh one, or the reason.
      else if ((status === 401 || status === 403) && this.recoveries++ < 2) void this.start();
      else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && this.recoveries++ < 4) setTimeout(() => hls.startLoad(), 1_500);
      else this.broken();
    });
    hls.loadSource(media.href);
    hls.attachMedia(this.video);
  }

  private playNatively(url: string): void {
    this.video.src = url;
    void this.play();
  }

  /** Browsers refuse sound without a gesture: then one button starts it, rather than muted music. */
  private async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      this.spin(false);
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.show("gesture", null, "", false, [this.act(this.labels.start, true, () => {
          this.clearMessage();
          this.quality.pressed();
          void this.video.play().catch(() => this.broken());
        })]);
      }
    }
  }

  private seekLive(): void {
    const edge = this.hls?.liveSyncPosition ?? (this.video.seekable.length > 0 ? this.video.seekable.end(this.video.seekable.length - 1) - 6 : null);
    if (edge !== null && edge !== undefined) this.video.currentTime = edge;
    void this.video.play().catch(() => undefined);
  }

  private qualities(): Choice[] {
    const hls = this.hls;
    if (hls === undefined || hls.levels.length < 2) return [];
    const now = hls.levels[hls.currentLevel];
    const auto = now !== undefined && hls.autoLevelEnabled ? `${this.labels.auto} (${now.height}p)` : this.labels.auto;
    const levels = hls.levels.map((level, id) => ({
      id, label: level.height > 0 ? `${level.height}p` : `${Math.round(level.bitrate / 1000)} kbit/s`,
      active: !hls.autoLevelEnabled && hls.currentLevel === id,
    }));
    return [{ id: -1, label: auto, active: hls.autoLevelEnabled }, ...levels.reverse()];
  }

  private captions(): Choice[] {
    const hls = this.hls;
    if (hls !== undefined) {
      const tracks = hls.subtitleTracks.map((track, id) => ({ id, label: track.name, active: hls.subtitleTrack === id && hls.subtitleDisplay }));
      return [{ id: -1, label: this.labels.off, active: !tracks.some((track) => track.active) }, ...tracks];
    }
    const tracks = [...this.video.textTracks].map((track, id) => ({ id, label: track.label, active: track.mode === "showing" }));
    return [{ id: -1, label: this.labels.off, active: !tracks.some((track) => track.active) }, ...tracks];
  }

  private chooseCaptions(id: number): void {
    if (this.hls !== undefined) {
      this.hls.subtitleDisplay = id >= 0;
      this.hls.subtitleTrack = id;
    } else {
      [...this.video.textTracks].forEach((track, index) => { track.mode = index === id ? "showing" : "disabled"; });
    }
  }

  private wait(after_s?: number): void {
    this.leave();
    const pause_s = after_s ?? Math.min(WAIT_MOST_S, WAIT_FIRST_S * 2 ** this.waited);
    this.waited += 1;
    this.show("waiting", "waiting_title", this.labels.waiting_text, false);
    // Spread out, or the whole hall knocks in the same second.
    this.retryTimer = setTimeout(() => void this.start(), pause_s * (0.8 + Math.random() * 0.4) * 1000);
  }

  /** Another device holds the place; `terminate` is the code that frees it, when the server gave one. */
  private displaced(terminate?: string): void {
    this.leave();
    this.show("elsewhere", "elsewhere_title", this.labels.elsewhere_text, false,
      [this.act(this.labels.watch_here, true, () => void this.start(terminate))]);
  }

  private refuse(problem: Problem): void {
    this.leave();
    const out = problem.way_out ?? { url: this.getAttribute("out-url") ?? "", label: this.labels.way_out };
    const link = document.createElement("a");
    link.className = "button button--primary";
    link.href = out.url;
    link.textContent = out.label;
    this.show("refused", "refused_title", this.reason(problem), false, out.url === "" ? [] : [link]);
  }

  /** The reason in the reader's language where the page brought it, else as the server wrote it. */
  private reason(problem: Problem): string {
    const label = `because_${problem.code ?? ""}` as Label;
    return Object.hasOwn(this.labels, label) ? this.labels[label] : problem.detail ?? this.labels.refused_text;
  }

  private broken(): void {
    this.quality.broken();
    this.leave();
    this.show("error", "error_title", this.labels.error_text, true);
  }

  private ended(): void {
    this.leave();
    this.show("ended", "ended_title", this.labels.ended_text, !this.isLive);
  }

  private leave(): void {
    clearTimeout(this.retryTimer);
    this.session?.stop();
    this.session = undefined;
    this.hls?.destroy();
    this.hls = undefined;
  }

  private calm(): void {
    this.spin(false);
    this.clearMessage();
  }

  private spin(on: boolean): void {
    clearTimeout(this.spinnerTimer);
    if (!on) {
      this.spinner?.remove();
      this.spinner = undefined;
      return;
    }
    this.spinnerTimer = setTimeout(() => {
      if (this.spinner !== undefined) return;
      this.spinner = document.createElement("div");
      this.spinner.className = "player__spinner";
      this.spinner.setAttribute("role", "status");
      const text = document.createElement("span");
      text.className = "visually-hidden";
      text.textContent = this.labels.loading;
      this.spinner.append(text);
      this.video.after(this.spinner);
    }, SKELETON_AFTER_MS);
  }

  private act(label: string, primary: boolean, run: () => void): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = primary ? "button button--primary" : "button";
    button.textContent = label;
    button.addEventListener("click", run);
    return button;
  }

  private clearMessage(): void {
    this.message?.remove();
    this.message = undefined;
    this.chrome.root.hidden = false;
  }

  private show(state: string, title: Label | null, text: string, retry: boolean, actions: HTMLElement[] = []): void {
    this.spin(false);
    this.clearMessage();
    const box = document.createElement("div");
    box.className = "player__message";
    box.dataset["state"] = state;
    box.setAttribute("role", state === "waiting" ? "status" : "alert");
    if (title !== null) {
      const heading = document.createElement("h2");
      heading.textContent = this.labels[title];
      box.append(heading);
    }
    if (text !== "") {
      const line = document.createElement("p");
      line.textContent = text;
      box.append(line);
    }
    const all = retry ? [this.act(this.labels.retry, true, () => void this.start()), ...actions] : actions;
    if (hasHelp()) {
      // Seen in full screen alone, where the page's own button is not.
      const help = this.act(this.labels.help, false, () => wantHelp(help));
      help.classList.add("player__help");
      all.push(help);
    }
    if (all.length > 0) {
      const row = document.createElement("div");
      row.className = "player__actions";
      row.append(...all);
      box.append(row);
    }
    this.chrome.root.hidden = state !== "gesture";
    this.message = box;
    this.chrome.root.before(box);
  }
}

customElements.define("live-player", LivePlayer);
