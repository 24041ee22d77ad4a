/**
 * <case-watch url="…/reading" version="3" beat="10"> says that this agent has the case open, and shows
 * who else has, and whether the case changed. The answer is a fragment of our own.
 */
class CaseWatch extends HTMLElement {
  private timer = 0;
  private shown = "";

  connectedCallback(): void {
    void this.beat();
    this.timer = window.setInterval(() => void this.beat(), Number(this.getAttribute("beat") ?? "10") * 1000);
    window.addEventListener("pagehide", this.leave);
  }

  disconnectedCallback(): void {
    window.clearInterval(this.timer);
    window.removeEventListener("pagehide", this.leave);
  }

  private get url(): string {
    return this.getAttribute("url") ?? "";
  }

  private readonly leave = (): void => {
    navigator.sendBeacon(this.url, new URLSearchParams({ leaves: "yes" }));
  };

  private async beat(): Promise<void> {
    if (document.visibilityState === "hidden") return;
    const answer = document.querySelector<HTMLTextAreaElement>("#reply");
    const writes = answer !== null && answer.value.trim() !== "" ? "yes" : "";
    const body = new URLSearchParams({ version: this.getAttribute("version") ?? "", writes });
    try {
      const response = await fetch(this.url, { method: "POST", body });
      if (!response.ok) return;
      const words = await response.text();
      // A status that says the same again would be read out again.
      if (words === this.shown) return;
      this.shown = words;
      this.innerHTML = words;
    } catch {
      // The next beat asks again.
    }
  }
}

customElements.define("case-watch", CaseWatch);
