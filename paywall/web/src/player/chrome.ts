/** The player's own controls. Draws and listens; knows nothing of sessions or hls. */
import { icon, type IconName } from "./icons";
import type { Labels } from "./labels";

export interface Choice { id: number; label: string; active: boolean }
export interface Acts {
  seekLive(): void;
  qualities(): Choice[];
  chooseQuality(id: number): void;
  captions(): Choice[];
  chooseCaptions(id: number): void;
}

const IDLE_MS = 2_800;
const SKIP_S = 10;

function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** Whether this page has an assistant; its own button lies under a player in full screen. */
export function hasHelp(): boolean {
  return document.querySelector("help-panel") !== null;
}

/** Asks the page's assistant to open; the focus comes back to `from` when it is closed. */
export function wantHelp(from: HTMLElement): void {
  from.dispatchEvent(new CustomEvent("help-wanted", { bubbles: true }));
}

export class Chrome {
  readonly root = document.createElement("div");
  private readonly play: HTMLButtonElement;
  private readonly mute: HTMLButtonElement;
  private readonly full: HTMLButtonElement;
  private readonly help: HTMLButtonElement;
  private readonly quality: HTMLElement;
  private readonly caption: HTMLElement;
  private readonly live: HTMLButtonElement;
  private readonly time = document.createElement("span");
  private readonly seek = document.createElement("input");
  private readonly volume = document.createElement("input");
  private idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HTMLElement,
    private readonly video: HTMLVideoElement,
    private readonly labels: Labels,
    private readonly acts: Acts,
    private readonly isLive: boolean,
  ) {
    this.root.className = "player__chrome";
    this.play = this.button("play", labels.play, () => this.togglePlay());
    this.mute = this.button("sound", labels.mute, () => { video.muted = !video.muted; });
    this.full = this.button("fullscreen", labels.fullscreen, () => void this.toggleFull());
    this.help = this.button("help", labels.help, () => wantHelp(this.help));
    this.help.setAttribute("aria-haspopup", "dialog");
    this.help.hidden = !hasHelp();
    this.quality = this.menu("quality", labels.quality, () => acts.qualities(), (id) => acts.chooseQuality(id));
    this.caption = this.menu("captions", labels.captions, () => acts.captions(), (id) => acts.chooseCaptions(id));
    this.live = document.createElement("button");
    this.live.type = "button";
    this.live.className = "player__button player__live";
    this.live.textContent = labels.live;
    this.live.addEventListener("click", () => acts.seekLive());
    this.layOut();
    this.listen();
    this.update();
  }

  private layOut(): void {
    this.time.className = "player__time";
    this.range(this.seek, this.labels.seek, "player__seek");
    this.range(this.volume, this.labels.volume, "player__volume");
    this.volume.max = "1";
    this.volume.step = "0.05";
    const space = document.createElement("span");
    space.className = "player__space";
    const row = document.createElement("div");
    row.className = "player__row";
    row.append(this.play, this.mute, this.volume, ...(this.isLive ? [this.live] : []), this.time, space,
      this.help, this.caption, this.quality, this.full);
    this.root.append(this.seek, row);
    if (!document.fullscreenEnabled && !("webkitEnterFullscreen" in this.video)) this.full.hidden = true;
  }

  private range(input: HTMLInputElement, label: string, name: string): void {
    input.type = "range";
    input.min = "0";
    input.step = "1";
    input.className = `player__range ${name}`;
    input.setAttribute("aria-label", label);
  }

  private button(name: IconName, label: string, act: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "player__button";
    this.face(button, name, label);
    button.addEventListener("click", act);
    return button;
  }

  private face(button: HTMLButtonElement, name: IconName, label: string): void {
    if (button.dataset["face"] === name) return;
    button.dataset["face"] = name;
    button.replaceChildren(icon(name));
    button.setAttribute("aria-label", label);
    button.title = label;
  }

  private menu(name: IconName, label: string, choices: () => Choice[], choose: (id: number) => void): HTMLElement {
    const wrap = document.createElement("div");
    wrap.className = "player__menu";
    const list = document.createElement("div");
    list.className = "player__list";
    list.setAttribute("role", "menu");
    list.setAttribute("aria-label", label);
    list.hidden = true;
    const button = this.button(name, label, () => {
      const opening = list.hidden;
      this.closeMenus();
      if (!opening) return;
      list.replaceChildren(...choices().map((choice) => this.menuItem(choice, () => {
        choose(choice.id);
        this.closeMenus();
        button.focus();
      })));
      list.hidden = false;
      button.setAttribute("aria-expanded", "true");
      list.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
    });
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-expanded", "false");
    list.addEventListener("keydown", (event) => this.walkMenu(event, list, button));
    wrap.append(button, list);
    return wrap;
  }

  private menuItem(choice: Choice, act: () => void): HTMLButtonElement {
    const item = document.createElement("button");
    item.type = "button";
    item.setAttribute("role", "menuitemradio");
    item.setAttribute("aria-checked", String(choice.active));
    item.textContent = choice.label;
    item.addEventListener("click", act);
    return item;
  }

  private walkMenu(event: KeyboardEvent, list: HTMLElement, button: HTMLElement): void {
    const items = [...list.querySelectorAll<HTMLElement>("button")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) items[(at + step + items.length) % items.length]?.focus();
    else if (event.key === "Escape") {
      this.closeMenus();
      button.focus();
    } else if (event.key !== "Tab") return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }

  private closeMenus(): void {
    for (const list of this.root.querySelectorAll<HTMLElement>(".player__list")) {
      list.hidden = true;
      list.previousElementSibling?.setAttribute("aria-expanded", "false");
    }
  }

  private listen(): void {
    for (const name of ["play", "pause", "volumechange", "timeupdate", "durationchange", "progress", "loadedmetadata"]) {
      this.video.addEventListener(name, () => this.update());
    }
    document.addEventListener("fullscreenchange", () => this.update());
    this.video.addEventListener("click", () => this.togglePlay());
    this.video.addEventListener("dblclick", () => void this.toggleFull());
    this.seek.addEventListener("input", () => {
      const range = this.range_s();
      this.video.currentTime = range.start + Number(this.seek.value);
    });
    this.volume.addEventListener("input", () => {
      this.video.volume = Number(this.volume.value);
      this.video.muted = this.video.volume === 0;
    });
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      this.host.addEventListener(name, () => this.wake());
    }
    this.host.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => {
      if (!(event.target as Element).closest?.(".player__menu")) this.closeMenus();
    });
  }

  private range_s(): { start: number; end: number } {
    const ranges = this.video.seekable;
    if (ranges.length === 0) return { start: 0, end: 0 };
    return { start: ranges.start(0), end: ranges.end(ranges.length - 1) };
  }

  /** Within a few segments of the newest frame counts as live. */
  private atEdge(): boolean {
    return this.range_s().end - this.video.currentTime < 20;
  }

  update(): void {
    const { labels, video } = this;
    this.face(this.play, video.paused ? "play" : "pause", video.paused ? labels.play : labels.pause);
    this.face(this.mute, video.muted ? "muted" : "sound", video.muted ? labels.unmute : labels.mute);
    const full = document.fullscreenElement === this.host;
    this.face(this.full, full ? "leave" : "fullscreen", full ? labels.leave_fullscreen : labels.fullscreen);
    this.volume.value = String(video.muted ? 0 : video.volume);
    const { start, end } = this.range_s();
    this.seek.max = String(Math.max(0, Math.floor(end - start)));
    this.seek.value = String(Math.floor(video.currentTime - start));
    const behind = end - video.currentTime;
    this.time.textContent = this.isLive
      ? (this.atEdge() ? "" : `−${clock(behind)}`)
      : `${clock(video.currentTime)} / ${clock(Number.isFinite(video.duration) ? video.duration : end)}`;
    this.seek.setAttribute("aria-valuetext", this.time.textContent || labels.live);
    this.live.toggleAttribute("data-edge", this.atEdge() && !video.paused);
    this.live.setAttribute("aria-label", this.atEdge() ? labels.live : labels.go_live);
    this.quality.hidden = this.acts.qualities().length < 2;
    this.caption.hidden = this.acts.captions().length < 2;
    if (video.paused) this.wake();
  }

  private wake(): void {
    this.host.removeAttribute("data-idle");
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      const open = this.root.querySelector(".player__list:not([hidden])") !== null;
      if (!this.video.paused && !open) this.host.setAttribute("data-idle", "");
    }, IDLE_MS);
  }

  private togglePlay(): void {
    if (this.video.paused) void this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  private async toggleFull(): Promise<void> {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await this.host.requestFullscreen();
    else (this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // In full screen the assistant is in here too, and its letters are words.
    if ((event.target as Element).closest(".help-panel") !== null) return;
    const onRange = event.target instanceof HTMLInputElement;
    const onButton = event.target instanceof HTMLButtonElement;
    const { start, end } = this.range_s();
    const skip = (by: number): void => {
      this.video.currentTime = Math.min(Math.max(this.video.currentTime + by, start), end);
    };
    const louder = (by: number): void => {
      this.video.volume = Math.min(1, Math.max(0, this.video.volume + by));
      this.video.muted = false;
    };
    const key = event.key.toLowerCase();
    if (key === " " && onButton) return;
    if (key.startsWith("arrow") && onRange) return;
    if (key === " " || key === "k") this.togglePlay();
    else if (key === "m") this.video.muted = !this.video.muted;
    else if (key === "f") void this.toggleFull();
    else if (key === "c") this.cycleCaptions();
    else if (key === "arrowleft") skip(-SKIP_S);
    else if (key === "arrowright") skip(SKIP_S);
    else if (key === "arrowup") louder(0.1);
    else if (key === "arrowdown") louder(-0.1);
    else return;
    event.preventDefault();
  }

  private cycleCaptions(): void {
    const choices = this.acts.captions();
    if (choices.length < 2) return;
    const at = choices.findIndex((choice) => choice.active);
    const next = choices[(at + 1) % choices.length];
    if (next !== undefined) this.acts.chooseCaptions(next.id);
  }
}
