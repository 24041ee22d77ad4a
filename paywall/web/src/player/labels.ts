/** The player's words: translated by the server in a JSON data block inside the element. */
export type Label =
  | "play" | "pause" | "mute" | "unmute" | "volume" | "quality" | "auto" | "captions" | "off"
  | "fullscreen" | "leave_fullscreen" | "live" | "go_live" | "seek" | "loading" | "player"
  | "waiting_title" | "waiting_text" | "ended_title" | "ended_text" | "error_title" | "error_text"
  | "offline_title" | "offline_text" | "retry" | "elsewhere_title" | "elsewhere_text" | "watch_here"
  | "because_refunded" | "because_revoked" | "because_disputed" | "because_suspended" | "because_over"
  | "because_window" | "because_not_bought" | "because_stopped" | "because_silent"
  | "help" | "refused_title" | "refused_text" | "busy_text" | "way_out" | "start" | "unsupported_text";
export type Labels = Record<Label, string>;

export function readLabels(host: Element): Labels {
  const block = host.querySelector('script[type="application/json"]');
  const known = JSON.parse(block?.textContent ?? "{}") as Partial<Labels>;
  return new Proxy(known, {
    get: (target, name: string) => target[name as Label] ?? name.replaceAll("_", " "),
  }) as Labels;
}
