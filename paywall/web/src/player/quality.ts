/** What watching was like, as the player itself measures it: sent with each beat, nothing else is. */

export interface Facts { watched_s: number; rebuffer_s: number; startup_ms?: number; failed?: boolean }

export class Quality {
  private asked = performance.now();
  private startup: number | undefined;
  private played = 0;
  private waited = 0;
  private playingSince: number | undefined;
  private waitingSince: number | undefined;
  private failed = false;

  /** The browser wanted a gesture first: the wait for the picture begins with it. */
  pressed(): void {
    if (this.startup === undefined) this.asked = performance.now();
  }

  playing(): void {
    const now = performance.now();
    this.startup ??= now - this.asked;
    this.failed = false;
    this.settle(now);
    this.playingSince = now;
  }

  /** Nothing left to show. Before the first picture that is the start-up, and after a seek nobody's fault. */
  waiting(seeking: boolean): void {
    const now = performance.now();
    this.settle(now);
    if (this.startup !== undefined && !seeking) this.waitingSince = now;
  }

  paused(): void {
    this.settle(performance.now());
  }

  broken(): void {
    if (this.startup === undefined) this.failed = true;
  }

  facts(): Facts {
    const now = performance.now();
    const watching = this.playingSince === undefined ? 0 : now - this.playingSince;
    const waiting = this.waitingSince === undefined ? 0 : now - this.waitingSince;
    return {
      watched_s: Math.round((this.played + watching) / 100) / 10,
      rebuffer_s: Math.round((this.waited + waiting) / 100) / 10,
      ...(this.startup === undefined ? {} : { startup_ms: Math.round(this.startup) }),
      ...(this.failed ? { failed: true } : {}),
    };
  }

  private settle(now: number): void {
    if (this.playingSince !== undefined) this.played += now - this.playingSince;
    if (this.waitingSince !== undefined) this.waited += now - this.waitingSince;
    this.playingSince = this.waitingSince = undefined;
  }
}
