/**
 * <confirm-passkey [mode="register"] options-url verify-url data-failed data-unsupported>
 *   <form><button type="button">…</button></form> <p data-status role="alert" hidden></p>
 * </confirm-passkey>
 *
 * Runs one ceremony, then sends its own form: with it go the fields of the action that waited.
 */
import { creationOptions, credentialJson, requestOptions } from "./passkey-button";
import { jsonHeaders } from "./json-headers";

type Json = Record<string, unknown>;

class ConfirmPasskey extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (button === null) return;
    if (window.PublicKeyCredential === undefined) {
      button.disabled = true;
      this.say(this.dataset["unsupported"] ?? "");
      return;
    }
    button.addEventListener("click", () => void this.run(button));
  }

  private async run(button: HTMLButtonElement): Promise<void> {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    this.say("");
    try {
      const options = await this.post(this.getAttribute("options-url") ?? "", {});
      const inner = options["publicKey"] as Json;
      const credential = this.getAttribute("mode") === "register"
        ? await navigator.credentials.create({ publicKey: creationOptions(inner) })
        : await navigator.credentials.get({ publicKey: requestOptions(inner) });
      if (credential === null) throw new DOMException("no credential", "NotAllowedError");
      const name = this.querySelector<HTMLInputElement>('input[name="_name"]')?.value ?? "";
      await this.post(this.getAttribute("verify-url") ?? "", {
        ceremony: options["ceremony"], credential: credentialJson(credential as PublicKeyCredential), name,
      });
      this.querySelector("form")?.submit();
    } catch (error) {
      const closed = error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name);
      if (!closed) this.say(this.dataset["failed"] ?? "");
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  private async post(url: string, body: Json): Promise<Json> {
    const answer = await fetch(url, { method: "POST", headers: jsonHeaders(), body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return (await answer.json()) as Json;
  }

  private say(text: string): void {
    const status = this.querySelector<HTMLElement>("[data-status]");
    if (status === null) return;
    status.textContent = text;
    status.hidden = text === "";
  }
}

customElements.define("confirm-passkey", ConfirmPasskey);
