/** The page's CSRF token, read anew each time because a fragment may have replaced it. */
export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** Same-origin JSON request headers, cookie credentials being the browser's default. */
export function jsonHeaders(extra: Record<string, string> = {}): Record<string, string> {
  return { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrfToken(), ...extra };
}

// htmx requests carry the token too. htmx 4 names its events with colons.
document.addEventListener("htmx:config:request", (event) => {
  const detail = (event as CustomEvent<{ ctx?: { request?: { headers?: Record<string, string> } } }>).detail;
  const headers = detail.ctx?.request?.headers;
  if (headers !== undefined) headers["X-CSRF-Token"] = csrfToken();
});
