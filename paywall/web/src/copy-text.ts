/** <copy-text data-done="Copied"><code>value</code><button type="button">Copy</button></copy-text> */
import { toast } from "./toasts";

class CopyText extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    const source = this.querySelector("code, [data-value]");
    if (button === null || source === null) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const value = source.getAttribute("data-value") ?? source.textContent ?? "";
      void navigator.clipboard.writeText(value.trim()).then(
        () => toast(this.dataset["done"] ?? ""),
        () => getSelection()?.selectAllChildren(source), // No permission: select, the reader copies.
      );
    });
  }
}

customElements.define("copy-text", CopyText);
