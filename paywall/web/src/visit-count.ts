/**
 * <visit-count venue="slug" page="event" event="evt_..." [known] hidden>
 *
 * Tells once, after the page is really looked at, that somebody came from elsewhere: the other
 * site's host and the address's utm marks, nothing that is this person's. Nothing is stored in the
 * browser; where the visit came from goes along in the page's own links until the checkout.
 * `known`: the reader is signed in, and each page is told.
 */
import { jsonHeaders } from "./json-headers";

interface Came { source: string; campaign: string; }

const MARKS = ["utm_source", "utm_medium", "utm_campaign"] as const;

class VisitCount extends HTMLElement {
  connectedCallback(): void {
    if (refused()) return;
    void shown().then(() => this.count());
  }

  private async count(): Promise<void> {
    const type = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined;
    const host = document.referrer === "" ? "" : new URL(document.referrer).hostname;
    const arrived = host !== location.hostname && type?.type === "navigate";
    const query = new URLSearchParams(location.search);
    let came: Came = { source: query.get("came") ?? "", campaign: query.get("campaign") ?? "" };
    if (arrived || (this.hasAttribute("known") && type?.type === "navigate")) {
      const told = await this.tell(arrived, host, query);
      if (arrived) came = told;
    }
    const field = document.querySelector<HTMLInputElement>("input[name=came]");
    // The script saw the whole way here: where nothing came along, there was nothing.
    if (field !== null && field.value === "") field.value = "direct";
    if (came.source !== "" && came.source !== "direct") carry(came);
  }

  private async tell(arrived: boolean, host: string, query: URLSearchParams): Promise<Came> {
    const marks = Object.fromEntries(MARKS.map((name) => [name, (query.get(name) ?? "").slice(0, 400)]));
    const body = JSON.stringify({
      venue: this.getAttribute("venue"), page: this.getAttribute("page"),
      event: this.getAttribute("event") ?? "", host: host.slice(0, 255), arrived, ...marks,
    });
    try {
      const answer = await fetch("/visits", { method: "POST", headers: jsonHeaders(), body, keepalive: true });
      if (answer.ok) return (await answer.json()) as Came;
    } catch { /* Not counted. */ }
    return { source: "", campaign: "" };
  }
}

/** Our own switch, Global Privacy Control, or Do Not Track. */
function refused(): boolean {
  const wishes = navigator as Navigator & { globalPrivacyControl?: boolean };
  return wishes.globalPrivacyControl === true || navigator.doNotTrack === "1" || /(?:^|; )pw_visits=no(?:;|$)/.test(document.cookie);
}

/** A page made ahead, or opened behind, counts when it is looked at. */
function shown(): Promise<void> {
  const waiting = document as Document & { prerendering?: boolean };
  return new Promise((done) => {
    const look = (): void => {
      if (waiting.prerendering === true || document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", look);
      document.removeEventListener("prerenderingchange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
    document.addEventListener("prerenderingchange", look);
    look();
  });
}

/** Links to our pages take along where the visit came from, when they are followed. */
function carry(came: Came): void {
  const add = (event: Event): void => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
    if (link === null || link.origin !== location.origin || !/^\/(venues|buy)\//.test(link.pathname)) return;
    const address = new URL(link.href);
    address.searchParams.set("came", came.source);
    if (came.campaign !== "") address.searchParams.set("campaign", came.campaign);
    link.href = address.href;
  };
  document.addEventListener("click", add, true);
  document.addEventListener("auxclick", add, true);
}

customElements.define("visit-count", VisitCount);
