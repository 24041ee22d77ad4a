/** <details class="menu"> closes on Escape, on a click outside and when focus leaves it. */
function close(menu: HTMLDetailsElement, refocus: boolean): void {
  menu.open = false;
  if (refocus) menu.querySelector("summary")?.focus();
}

function openMenus(): HTMLDetailsElement[] {
  return [...document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")];
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of openMenus()) close(menu, menu.contains(document.activeElement));
});
for (const name of ["click", "focusin"] as const) {
  document.addEventListener(name, (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target as Node)) close(menu, false);
  });
}
