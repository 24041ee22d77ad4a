/** Keyboard of the console: "/" to the first filter, j and k through a table's rows, Enter opens one. */
import { keysOff } from "./case-keys";

const ROWS = "table[data-keys] tbody tr";

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLTableRowElement>(ROWS)]
    .map((row) => row.querySelector<HTMLAnchorElement>("a.row-link"))
    .filter((link): link is HTMLAnchorElement => link !== null);
  if (links.length === 0) return;
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keysOff() || typing(event.target)) return;
  if (event.key === "/") {
    const filter = document.querySelector<HTMLInputElement>("[data-slash]");
    if (filter === null) return;
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

// A click anywhere on a row opens it, as long as nothing else was meant by it.
document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (event.defaultPrevented || target.closest("a, button, summary, input, label") !== null) return;
  const link = target.closest<HTMLTableRowElement>(ROWS)?.querySelector<HTMLAnchorElement>("a.row-link");
  if (link !== null && link !== undefined && getSelection()?.isCollapsed !== false) link.click();
});
