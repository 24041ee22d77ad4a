/** Short confirmations in the page's live region `#toasts`; servers send them as HX-Trigger {"toast": "text"}. */
const SHOWN_MS = 5_000;

export function toast(text: string): void {
  const region = document.getElementById("toasts");
  if (region === null || text === "") return;
  const item = document.createElement("p");
  item.className = "toast";
  item.textContent = text;
  region.append(item);
  setTimeout(() => item.remove(), SHOWN_MS);
}

document.addEventListener("toast", (event) => {
  const detail = (event as CustomEvent<string | { value?: string }>).detail;
  toast(typeof detail === "string" ? detail : detail.value ?? "");
});
