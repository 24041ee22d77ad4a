/**
 * <local-time datetime="2026-10-03T19:00:00Z" tz="Europe/Paris" format="long|short|time|date">venue's time</local-time>
 *
 * The server writes the venue's time as content. Where the viewer's clock reads differently at that
 * moment, the viewer's time goes first and the venue's stays beneath, as the server wrote it.
 * The sentence around it comes from `data-yours` ("{time} your time") and `data-theirs` ("{time} in Lyon").
 */
type Style = "long" | "short" | "time" | "date";

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  long: { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" },
  short: { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  time: { hour: "numeric", minute: "2-digit" },
  date: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
};

export function offsetMinutes(at: Date, tz: string | undefined): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    ...(tz === undefined ? {} : { timeZone: tz }),
    hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  }).formatToParts(at);
  const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"));
  return Math.round((wall - at.getTime()) / 60_000);
}

class LocalTime extends HTMLElement {
  connectedCallback(): void {
    const at = new Date(this.getAttribute("datetime") ?? "");
    const tz = this.getAttribute("tz") ?? undefined;
    if (Number.isNaN(at.getTime()) || tz === undefined || this.querySelector("time") !== null) return;
    try {
      if (offsetMinutes(at, tz) === offsetMinutes(at, undefined)) return;
    } catch {
      return; // A time zone this browser doesn't know: the venue's time stands.
    }
    const language = document.documentElement.dataset["locale"] ?? document.documentElement.lang;
    const style = (this.getAttribute("format") ?? "long") as Style;
    const yours = new Intl.DateTimeFormat(language, STYLES[style] ?? STYLES.long).format(at);
    const theirs = this.textContent?.trim() ?? "";
    const time = document.createElement("time");
    time.dateTime = at.toISOString();
    time.textContent = (this.dataset["yours"] ?? "{time}").replace("{time}", yours);
    const away = document.createElement("span");
    away.className = "local-time__away";
    away.textContent = (this.dataset["theirs"] ?? "{time}").replace("{time}", theirs);
    this.replaceChildren(time, away);
  }
}

customElements.define("local-time", LocalTime);
