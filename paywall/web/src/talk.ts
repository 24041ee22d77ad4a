/** The HTTP side of a conversation with the assistant: it is found again in this tab by its token. */
import { jsonHeaders } from "./json-headers";

export interface ArticleLink { slug: string; title: string; url: string }
export interface Line {
  id: string; speaker: "viewer" | "bot" | "agent"; text: string; html: string; lang: string;
  article: ArticleLink | null; suggestions: ArticleLink[]; act: { name: string; label: string; login: boolean } | null;
  votable: boolean; vote: number; person: boolean;
}
export interface Conversation { id: string; handed_over: boolean; notice: string; signed_in: boolean; lines: Line[] }
export interface Offers { text: string; confirmations: { id: string; text: string }[] }

/** It is no longer there, or it began under another log-in. */
export class TalkGone extends Error {}

interface Place { venue: string; language: string; channel: string; eventId: string | null }

export class Talk {
  current: Conversation | undefined;
  private id = "";
  private token = "";

  constructor(private readonly place: Place) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "{}") as { id?: string; token?: string };
      this.id = kept.id ?? "";
      this.token = kept.token ?? "";
    } catch { /* Begin anew. */ }
  }

  get handedOver(): boolean {
    return this.current?.handed_over === true;
  }

  /** Go on with this tab's conversation, or begin one. */
  async open(): Promise<Conversation> {
    if (this.id !== "") {
      try {
        return await this.read();
      } catch (error) {
        if (!(error instanceof TalkGone)) throw error;
        this.forget();
      }
    }
    const body = { venue: this.place.venue, language: this.place.language, channel: this.place.channel, event_id: this.place.eventId };
    const begun = await this.ask<{ token: string; conversation: Conversation }>("POST", "/v1/conversations", body);
    this.id = begun.conversation.id;
    this.token = begun.token;
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ id: this.id, token: this.token }));
    } catch { /* Private mode: it lasts as long as the page. */ }
    return this.current = begun.conversation;
  }

  async read(): Promise<Conversation> { return this.step("GET", ""); }
  async say(text: string): Promise<Conversation> {
    if (this.id === "") await this.open();
    return this.step("POST", "/messages", { text });
  }
  async choose(lineId: string, article: string): Promise<Conversation> { return this.step("POST", "/suggestions", { line_id: lineId, article }); }
  async vote(lineId: string, useful: boolean): Promise<Conversation> { return this.step("POST", `/lines/${lineId}/vote`, { useful }); }
  async handOver(email: string): Promise<Conversation> { return this.step("POST", "/hand-over", { email }); }
  async preview(act: string): Promise<Offers> { return this.ask<Offers>("POST", this.path(`/acts/${act}`)); }
  async press(confirmation: string): Promise<void> { await this.ask("POST", this.path(`/confirmations/${confirmation}`)); }

  forget(): void {
    this.id = this.token = "";
    this.current = undefined;
    try { sessionStorage.removeItem(this.key); } catch { /* It was not kept either. */ }
  }

  private get key(): string { return `talk:${this.place.venue}`; }
  private path(rest: string): string { return `/v1/conversations/${this.id}${rest}`; }

  private async step(method: string, rest: string, body?: unknown): Promise<Conversation> {
    return this.current = await this.ask<Conversation>(method, this.path(rest), body);
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const extra: Record<string, string> = this.token === "" ? {} : { "Conversation-Token": this.token };
    const answer = await fetch(path, { method, headers: jsonHeaders(extra), ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (answer.ok) return (await answer.json()) as T;
    if (answer.status === 404 && path.startsWith("/v1/conversations/")) throw new TalkGone("");
    throw new Error("");
  }
}
