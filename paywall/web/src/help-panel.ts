/**
 * <help-panel venue lang-code event-id channel login><a>Help</a><script type="application/json">{labels}</script></help-panel>
 *
 * The conversation with the venue's assistant, over the page. Without script the link leads to the
 * same conversation as a page. Nothing is fetched before the panel is opened.
 */
import { Talk, TalkGone, type Conversation, type Line, type Offers } from "./talk";

const ASK_PERSON_EVERY_MS = 15_000;

type Labels = Record<
  "title" | "close" | "lead" | "question" | "send" | "you" | "assistant" | "agent" | "useful" | "yes" | "no" | "thanks"
  | "person" | "email" | "hand_over" | "login" | "do" | "again" | "thinking" | "failed", string>;

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, name: string, text = "", attributes: Record<string, string> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name !== "") element.className = name;
  if (text !== "") element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

class HelpPanel extends HTMLElement {
  private labels!: Labels;
  private talk!: Talk;
  private panel: HTMLElement | undefined;
  private log!: HTMLElement;
  private status!: HTMLElement;
  private field!: HTMLTextAreaElement;
  private personForm!: HTMLFormElement;
  private personToggle!: HTMLButtonElement;
  private notice!: HTMLElement;
  private shown = new Map<string, string>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private opener: HTMLElement | undefined;
  private above: HTMLElement | undefined;
  private busy = false;
  /** One thing after another: a question typed while the conversation loads waits and is not lost. */
  private last: Promise<boolean> = Promise.resolve(true);

  /** Wherever the focus is: what a press on a button removed may have held it. */
  private onEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && this.isOpen) this.close();
  };

  /** Leaving the full screen by any way: the panel stands where it always does, and what was typed stays. */
  private onFull = (): void => {
    if (this.above === undefined || document.fullscreenElement !== null) return;
    const held = this.above.contains(document.activeElement);
    this.sink();
    if (held) this.field.focus();
  };

  /** The player's help button. */
  private onWanted = (event: Event): void => {
    const from = event.target instanceof HTMLElement ? event.target : undefined;
    if (this.isOpen && (document.fullscreenElement === null || this.above !== undefined)) this.close();
    else void this.open(from);
  };

  connectedCallback(): void {
    const link = this.querySelector("a");
    const labels = this.querySelector("script")?.textContent;
    if (link === null || labels === null || labels === undefined) return;
    this.labels = JSON.parse(labels) as Labels;
    this.talk = new Talk({
      venue: this.getAttribute("venue") ?? "",
      language: this.getAttribute("lang-code") ?? "en",
      channel: this.getAttribute("channel") ?? "web",
      eventId: this.getAttribute("event-id"),
    });
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("click", (event) => { event.preventDefault(); void this.toggle(); });
    link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); void this.toggle(); } });
    document.addEventListener("keydown", this.onEscape);
    document.addEventListener("help-wanted", this.onWanted);
    document.addEventListener("fullscreenchange", this.onFull);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.onEscape);
    document.removeEventListener("help-wanted", this.onWanted);
    document.removeEventListener("fullscreenchange", this.onFull);
  }

  private get link(): HTMLAnchorElement {
    return this.querySelector("a.help-panel__open")!;
  }

  private get isOpen(): boolean {
    return this.panel !== undefined && !this.panel.hidden;
  }

  private async toggle(): Promise<void> {
    if (this.isOpen) return this.close();
    await this.open();
  }

  private async open(from?: HTMLElement): Promise<void> {
    const was = this.isOpen;
    this.opener = from;
    this.panel ??= this.build();
    this.panel.hidden = false;
    this.link.setAttribute("aria-expanded", "true");
    this.classList.add("help-panel--open");
    this.rise(this.panel);
    this.field.focus();
    if (was) return;
    this.timer = setInterval(() => { if (this.talk.handedOver && !document.hidden && !this.busy) void this.read(() => this.talk.read()); }, ASK_PERSON_EVERY_MS);
    await this.read(() => this.talk.open());
  }

  /** Into an element in full screen: what stands outside of it is neither seen nor can be focused. */
  private rise(panel: HTMLElement): void {
    const full = document.fullscreenElement;
    if (full === null || full.contains(panel)) return;
    this.above = make("div", "help-panel help-panel--above");
    this.above.append(panel);
    full.append(this.above);
  }

  private sink(): void {
    if (this.panel !== undefined) this.append(this.panel);
    this.above?.remove();
    this.above = undefined;
  }

  private close(): void {
    clearInterval(this.timer);
    this.sink();
    if (this.panel !== undefined) this.panel.hidden = true;
    this.link.setAttribute("aria-expanded", "false");
    this.classList.remove("help-panel--open");
    (this.opener?.checkVisibility?.() === false ? this.link : this.opener ?? this.link).focus();
  }

  private build(): HTMLElement {
    const labels = this.labels;
    const panel = make("section", "help-panel__box", "", { role: "dialog", "aria-label": labels.title });
    const head = make("header", "help-panel__head");
    const words = make("div", "");
    words.append(make("h2", "help-panel__title", labels.title), make("p", "small soft", labels.lead));
    const close = make("button", "help-panel__close", "×", { type: "button", "aria-label": labels.close });
    close.addEventListener("click", () => this.close());
    head.append(words, close);
    this.notice = make("p", "live-notice__text", "", { role: "status" });
    this.notice.hidden = true;
    this.log = make("div", "talk", "", { role: "log", "aria-live": "polite", "aria-label": labels.title, tabindex: "0" });
    this.status = make("p", "help-panel__status small", "", { role: "status" });
    panel.append(head, this.notice, this.log, this.status, this.questionForm(), this.foot());
    this.append(panel);
    return panel;
  }

  private questionForm(): HTMLFormElement {
    const form = make("form", "help-panel__form");
    this.field = make("textarea", "field__input", "", { rows: "2", maxlength: "20000", dir: "auto", "aria-label": this.labels.question, placeholder: this.labels.question });
    const send = make("button", "button button--primary", this.labels.send, { type: "submit" });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (text === "") return;
      void this.run(() => this.talk.say(text)).then((done) => { if (done) this.field.value = ""; });
    });
    form.append(this.field, send);
    return form;
  }

  private foot(): HTMLElement {
    const foot = make("footer", "help-panel__foot");
    this.personToggle = make("button", "button button--quiet", this.labels.person, { type: "button", "aria-expanded": "false" });
    this.personForm = make("form", "help-panel__person");
    this.personForm.hidden = true;
    const email = make("input", "field__input", "", { type: "email", name: "email", autocomplete: "email", required: "", "aria-label": this.labels.email, placeholder: this.labels.email });
    this.personForm.append(email, make("button", "button", this.labels.hand_over, { type: "submit" }));
    this.personToggle.addEventListener("click", () => this.person());
    this.personForm.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.run(() => this.talk.handOver(email.value)).then((done) => {
        if (!done) return;
        this.personForm.hidden = true;
        this.field.focus();
      });
    });
    const again = make("button", "button button--quiet", this.labels.again, { type: "button" });
    again.addEventListener("click", () => {
      void this.read(() => {
        this.talk.forget();
        this.log.replaceChildren();
        this.shown.clear();
        return this.talk.open();
      });
      this.field.focus();
    });
    foot.append(this.personToggle, again, this.personForm);
    return foot;
  }

  /** One tap for people whose address is known; others say where the answer goes. */
  private person(): void {
    if (this.talk.current?.signed_in === true) {
      void this.run(() => this.talk.handOver("")).then((done) => { if (done) this.field.focus(); });
      return;
    }
    this.personForm.hidden = !this.personForm.hidden;
    this.personToggle.setAttribute("aria-expanded", String(!this.personForm.hidden));
    if (!this.personForm.hidden) this.personForm.querySelector("input")?.focus();
  }

  /** Show the conversation after what is under way; without a word of waiting. */
  private read(work: () => Promise<Conversation>): Promise<boolean> {
    this.last = this.last.then(() => this.turn(work));
    return this.last;
  }

  /** Do what the viewer asked and show the conversation then; false where it failed or one thing is under way. */
  private async run(work: () => Promise<Conversation>, quiet = false): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    const think = (): void => { if (!quiet) this.status.textContent = this.labels.thinking; };
    think();
    const done = await this.read(() => { think(); return work(); });
    this.busy = false;
    return done;
  }

  private async turn(work: () => Promise<Conversation>): Promise<boolean> {
    this.panel?.setAttribute("aria-busy", "true");
    try {
      this.show(await work());
      this.status.textContent = "";
      return true;
    } catch (error) {
      if (error instanceof TalkGone) this.talk.forget();
      this.status.textContent = error instanceof Error && error.message !== "" ? error.message : this.labels.failed;
      return false;
    } finally {
      this.panel?.removeAttribute("aria-busy");
    }
  }

  private show(talk: Conversation): void {
    this.notice.textContent = talk.notice;
    this.notice.hidden = talk.notice === "";
    this.personToggle.hidden = talk.handed_over;
    if (talk.handed_over) this.personForm.hidden = true;
    let first: HTMLElement | undefined;
    for (const line of talk.lines) {
      const made = JSON.stringify(line);
      if (this.shown.get(line.id) === made) continue;
      const item = this.item(line);
      const before = this.log.querySelector(`[data-line="${CSS.escape(line.id)}"]`);
      if (before === null) { this.log.append(item); first ??= item; } else before.replaceWith(item);
      this.shown.set(line.id, made);
    }
    // The question stays in sight above a long answer.
    if (first !== undefined) this.log.scrollTop = first.offsetTop - this.log.offsetTop - 8;
  }

  private item(line: Line): HTMLElement {
    const item = make("div", `talk__line talk__line--${line.speaker}`, "", { "data-line": line.id });
    const who = { viewer: this.labels.you, bot: this.labels.assistant, agent: this.labels.agent }[line.speaker];
    item.append(make("span", "visually-hidden", `${who}: `));
    if (line.html === "") item.append(make("p", "talk__typed", line.text, { dir: "auto" }));
    else {
      const said = make("div", "prose", "", { lang: line.lang, dir: "auto" });
      said.innerHTML = line.html; // Sanitised by the server, like every Markdown of a venue.
      item.append(said);
    }
    if (line.article !== null) {
      const from = make("p", "small");
      from.append(make("a", "", line.article.title, { href: line.article.url, dir: "auto" }));
      item.append(from);
    }
    if (line.suggestions.length > 0) item.append(this.choices(line));
    if (line.act !== null) item.append(this.act(line));
    if (line.votable) item.append(this.votes(line));
    if (line.person && this.talk.current?.handed_over !== true) {
      const person = make("button", "button", this.labels.person, { type: "button" });
      person.addEventListener("click", () => this.person());
      item.append(person);
    }
    return item;
  }

  private choices(line: Line): HTMLElement {
    const choices = make("div", "talk__choices");
    for (const one of line.suggestions) {
      const button = make("button", "button", one.title, { type: "button", dir: "auto" });
      button.addEventListener("click", () => void this.run(() => this.talk.choose(line.id, one.slug)));
      choices.append(button);
    }
    return choices;
  }

  private votes(line: Line): HTMLElement {
    const votes = make("div", "talk__votes small");
    votes.append(make("span", "", this.labels.useful));
    for (const [useful, text] of [[true, this.labels.yes], [false, this.labels.no]] as const) {
      const button = make("button", "button", text, { type: "button", "aria-pressed": String(line.vote === (useful ? 1 : -1)) });
      button.addEventListener("click", () => void this.run(() => this.talk.vote(line.id, useful), true).then((done) => {
        if (!done) return;
        this.status.textContent = this.labels.thanks;
        // The line was drawn anew: the focus stays where it was.
        this.log.querySelectorAll<HTMLButtonElement>(`[data-line="${CSS.escape(line.id)}"] .talk__votes button`)[useful ? 0 : 1]?.focus();
      }));
      votes.append(button);
    }
    return votes;
  }

  private act(line: Line): HTMLElement {
    const act = line.act!;
    const box = make("div", "talk__act");
    if (act.login) {
      box.append(make("a", "button", this.labels.login, { href: this.getAttribute("login") ?? "/login" }));
      return box;
    }
    const button = make("button", "button", act.label, { type: "button" });
    button.addEventListener("click", () => void this.offer(box, act.name));
    box.append(button);
    return box;
  }

  /** The previews of an act, each with the button that does what it says. */
  private async offer(box: HTMLElement, name: string): Promise<void> {
    if (this.busy) return;
    let offers: Offers;
    try {
      offers = await this.talk.preview(name);
    } catch (error) {
      this.status.textContent = error instanceof Error && error.message !== "" ? error.message : this.labels.failed;
      return;
    }
    const list = make("div", "talk__offers", "", { tabindex: "-1" });
    list.append(make("p", "strong", offers.text));
    for (const one of offers.confirmations) {
      const offer = make("div", "talk__offer");
      const press = make("button", "button button--primary", this.labels.do, { type: "button" });
      press.addEventListener("click", () => {
        press.disabled = true;
        void this.run(async () => { await this.talk.press(one.id); return this.talk.read(); }).then((done) => {
          if (done) { list.remove(); this.field.focus(); } else press.disabled = false;
        });
      });
      offer.append(make("p", "", one.text, { dir: "auto" }), press);
      list.append(offer);
    }
    box.querySelector(".talk__offers")?.remove();
    box.append(list);
    list.focus();
  }
}

customElements.define("help-panel", HelpPanel);
