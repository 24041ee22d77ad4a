/**
 * <card-checkout key="order-id" data-working="Paying…"><form>…</form></card-checkout>
 *
 * Wraps the checkout form. Without script it is a plain form. With script: a second submit is
 * ignored while the first runs, the button says so, and typed values survive a reload or a detour
 * through a card page (sessionStorage, never card data, passwords or hidden fields).
 */
const NEVER_KEPT = new Set(["password", "hidden", "file", "submit"]);
const STUCK_AFTER_MS = 30_000;

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class KeptForm extends HTMLElement {
  protected get form(): HTMLFormElement | null {
    return this.querySelector("form");
  }

  protected get storageKey(): string {
    return `checkout:${this.getAttribute("key") ?? location.pathname}`;
  }

  protected get storage(): Storage {
    return sessionStorage;
  }

  connectedCallback(): void {
    this.restore();
    this.form?.addEventListener("input", () => this.keep());
    this.form?.addEventListener("change", () => this.keep());
    this.form?.addEventListener("submit", (event) => this.submitOnce(event));
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.rest();
    });
  }

  protected controls(): Control[] {
    return [...(this.form?.elements ?? [])].filter(
      (item): item is Control =>
        (item instanceof HTMLInputElement || item instanceof HTMLSelectElement || item instanceof HTMLTextAreaElement)
        && item.name !== "" && !NEVER_KEPT.has(item.type) && !item.hasAttribute("data-not-kept"),
    );
  }

  protected keep(): void {
    const values: Record<string, string | boolean> = {};
    for (const control of this.controls()) {
      if (control instanceof HTMLInputElement && control.type === "radio" && !control.checked) continue;
      values[control.name] = control instanceof HTMLInputElement && control.type === "checkbox" ? control.checked : control.value;
    }
    try {
      this.storage.setItem(this.storageKey, JSON.stringify(values));
    } catch { /* Private mode or a full disk: the form still works. */ }
  }

  protected restore(): boolean {
    let values: Record<string, string | boolean>;
    try {
      values = JSON.parse(this.storage.getItem(this.storageKey) ?? "{}") as typeof values;
    } catch {
      return false;
    }
    let changed = false;
    for (const control of this.controls()) {
      const value = values[control.name];
      // What the server sent back is newer than what we kept.
      if (value === undefined || control.getAttribute("aria-invalid") === "true") continue;
      if (control instanceof HTMLInputElement && control.type === "checkbox") {
        changed ||= control.checked !== (value === true);
        control.checked = value === true;
      } else if (control instanceof HTMLInputElement && control.type === "radio") {
        control.checked = control.value === value;
      } else if (control.value === "" && typeof value === "string") {
        changed ||= value !== "";
        control.value = value;
      }
    }
    return changed;
  }

  protected forget(): void {
    this.storage.removeItem(this.storageKey);
  }

  private submitOnce(event: SubmitEvent): void {
    const button = event.submitter;
    if (this.form?.dataset["busy"] !== undefined) {
      event.preventDefault();
      return;
    }
    if (!(button instanceof HTMLButtonElement) || button.hasAttribute("data-minor")) return;
    if (this.form !== null) this.form.dataset["busy"] = "";
    button.setAttribute("aria-busy", "true");
    button.setAttribute("aria-disabled", "true");
    button.dataset["label"] ??= button.textContent ?? "";
    const working = this.dataset["working"];
    if (working !== undefined) button.textContent = working;
    setTimeout(() => this.rest(), STUCK_AFTER_MS);
  }

  private rest(): void {
    const form = this.form;
    if (form === null) return;
    delete form.dataset["busy"];
    for (const button of form.querySelectorAll<HTMLButtonElement>('button[aria-busy="true"]')) {
      button.removeAttribute("aria-busy");
      button.removeAttribute("aria-disabled");
      if (button.dataset["label"] !== undefined) button.textContent = button.dataset["label"];
    }
  }
}

class CardCheckout extends KeptForm {}

customElements.define("card-checkout", CardCheckout);
