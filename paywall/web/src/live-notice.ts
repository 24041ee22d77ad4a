/**
 * <live-notice event-id role="status"><p>text</p></live-notice>
 *
 * What the venue says about trouble with the stream. Where an event is named it is asked for again
 * while the page is seen, so that it appears and goes without a reload.
 */
const EVERY_MS = 45_000;

class LiveNotice extends HTMLElement {
  private timer: ReturnType<typeof setInterval> | undefined;

  connectedCallback(): void {
    if (!this.hasAttribute("event-id")) return;
    this.timer = setInterval(() => { if (!document.hidden) void this.look(); }, EVERY_MS);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const id = encodeURIComponent(this.getAttribute("event-id") ?? "");
    const language = encodeURIComponent(document.documentElement.lang);
    try {
      const answer = await fetch(`/v1/catalogue/events/${id}/notice?language=${language}`);
      if (!answer.ok) return;
      this.show(((await answer.json()) as { text: string }).text);
    } catch { /* Offline: the player says so. */ }
  }

  private show(text: string): void {
    if ((this.querySelector("p")?.textContent ?? "") === text) return;
    this.replaceChildren();
    if (text === "") return;
    const line = document.createElement("p");
    line.className = "live-notice__text";
    line.textContent = text;
    this.append(line);
  }
}

customElements.define("live-notice", LiveNotice);
