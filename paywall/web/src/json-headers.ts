/** Headers of same-origin JSON requests; cookies go along by the browser's default. */
export function jsonHeaders(extra: Record<string, string> = {}): Record<string, string> {
  return { "Content-Type": "application/json", Accept: "application/json", ...extra };
}
