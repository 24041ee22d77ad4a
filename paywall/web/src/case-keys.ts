/**
 * Keyboard of the inbox: a key goes to the element that names it in data-key, x chooses the case in
 * focus, ? opens the help, Ctrl+Enter sends. Single keys can be switched off (WCAG 2.1.4).
 */
const OFF = "pw-keys-off";

export function keysOff(): boolean {
  return localStorage.getItem(OFF) === "1";
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT";
}

function help(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("dialog#keys");
}

function go(target: HTMLElement): void {
  const folded = target.closest("details");
  if (folded !== null) folded.open = true;
  if (target instanceof HTMLAnchorElement || target instanceof HTMLButtonElement) target.click();
  else {
    target.focus();
    target.scrollIntoView({ block: "center" });
  }
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target instanceof HTMLTextAreaElement) {
    event.preventDefault();
    target.form?.requestSubmit();
    return;
  }
  if (event.key === "Escape" && target instanceof HTMLElement && target.closest("[data-key]") !== null) {
    target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (keysOff() || typing(target) || help()?.open === true) return;
  if (event.key === "x") {
    document.activeElement?.closest("tr")?.querySelector<HTMLInputElement>("input.pick")?.click();
    return;
  }
  const named = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`);
  if (named === null) return;
  event.preventDefault();
  go(named);
});

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.closest('[aria-controls="keys"]') !== null) {
    const off = help()?.querySelector<HTMLInputElement>("[data-keys-off]");
    if (off !== null && off !== undefined) off.checked = keysOff();
    help()?.showModal();
  }
  const source = target.closest<HTMLElement>("[data-insert]");
  if (source !== null) insert(source.dataset["insert"] ?? "", source.dataset["article"] ?? "");
});

document.addEventListener("change", (event) => {
  const target = event.target;
  if (target instanceof HTMLInputElement && target.matches("[data-keys-off]")) {
    if (target.checked) localStorage.setItem(OFF, "1");
    else localStorage.removeItem(OFF);
  }
  if (target instanceof HTMLSelectElement && target.matches("[data-macro]") && target.value !== "") {
    const solves = target.selectedOptions[0]?.hasAttribute("data-solves") === true;
    insert(target.value, "");
    const then = target.form?.querySelector<HTMLSelectElement>("[name=then]");
    if (solves && then !== null && then !== undefined) then.value = "solved";
    target.value = "";
  }
});

/** Put a prepared text where the cursor is in the answer, and say which article it comes from. */
function insert(text: string, article: string): void {
  const answer = document.querySelector<HTMLTextAreaElement>("#reply");
  if (answer === null) return;
  const joint = answer.value.trim() === "" ? "" : "\n\n";
  answer.setRangeText(joint + text, answer.selectionStart, answer.selectionEnd, "end");
  answer.dispatchEvent(new Event("input", { bubbles: true }));
  const form = answer.form;
  if (article !== "" && form !== null) {
    form.querySelector<HTMLInputElement>("[name=article]")!.value = article;
    form.querySelector<HTMLInputElement>("[name=original]")!.value = text;
  }
  answer.focus();
}

// The queue renews itself, but not under the hands of somebody who chooses in it. (A filter in
// hx-trigger would be evaluated as a script, which our policy refuses.)
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!(event.target instanceof HTMLElement) || event.target.id !== "cases") return;
  const busy = document.activeElement?.closest("#bulk") !== null && document.activeElement !== null;
  if (busy || document.querySelector("#bulk input.pick:checked") !== null) event.preventDefault();
});
