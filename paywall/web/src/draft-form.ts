/**
 * <draft-form key="event-42" data-saved="Draft saved" data-restored="Draft restored" data-discard="Discard draft">
 *
 * Keeps a console form's unsaved values in localStorage and puts them back. The status goes to a
 * child with [data-draft-status]; a child with [data-draft-discard] reverts to the server's values.
 */
import { KeptForm } from "./card-checkout";

class DraftForm extends KeptForm {
  private pristine: string[] = [];

  protected override get storageKey(): string {
    return `draft:${this.getAttribute("key") ?? location.pathname}`;
  }

  protected override get storage(): Storage {
    return localStorage;
  }

  override connectedCallback(): void {
    this.pristine = this.controls().map((control) => control.value);
    super.connectedCallback();
    this.form?.addEventListener("submit", () => this.forget());
    this.querySelector("[data-draft-discard]")?.addEventListener("click", () => {
      this.forget();
      this.form?.reset();
      this.say("");
    });
  }

  protected override keep(): void {
    super.keep();
    this.say(this.dataset["saved"] ?? "");
  }

  protected override restore(): boolean {
    // A draft is newer than the stored record, so it wins over values the server wrote.
    let values: Record<string, string | boolean>;
    try {
      values = JSON.parse(this.storage.getItem(this.storageKey) ?? "{}") as typeof values;
    } catch {
      return false;
    }
    let changed = false;
    this.controls().forEach((control, index) => {
      const value = values[control.name];
      if (value === undefined) return;
      if (control instanceof HTMLInputElement && control.type === "checkbox") {
        changed ||= control.checked !== value;
        control.checked = value === true;
      } else if (control instanceof HTMLInputElement && control.type === "radio") {
        control.checked = control.value === value;
      } else if (typeof value === "string") {
        changed ||= value !== this.pristine[index];
        control.value = value;
      }
    });
    if (changed) this.say(this.dataset["restored"] ?? "");
    return changed;
  }

  private say(text: string): void {
    const status = this.querySelector("[data-draft-status]");
    if (status !== null) status.textContent = text;
    this.querySelector("[data-draft-discard]")?.toggleAttribute("hidden", text === "");
  }
}

customElements.define("draft-form", DraftForm);
