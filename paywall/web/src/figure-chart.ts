/**
 * <figure-chart>: a plot of what the server wrote into it as JSON. The table under it says the same
 * to people who don't see it; the button beside it saves a PNG.
 */
import uPlot from "uplot";

interface Series {
  name: string;
  values: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

interface Plot {
  kind: "line" | "bars" | "names" | "steps" | "dots";
  unit: "money" | "share" | "count" | "days" | "minutes";
  currency: string;
  labels: string[];
  series: Series[];
  /** Where each value is on the axis, of steps and dots. */
  xs: number[];
  /** What the axis along counts, where that is not plain. */
  along: string;
}

const INKS = ["--plot-1", "--plot-2", "--plot-3", "--plot-4", "--plot-5", "--plot-6"];
const FONT = "12px \"Instrument Sans\", system-ui, sans-serif";
const NAME_CHARACTERS = 18;

class FigureChart extends HTMLElement {
  #plot: Plot | null = null;
  #drawn: uPlot | null = null;
  #read: HTMLElement | null = null;
  #observer: ResizeObserver | null = null;
  #scheme = matchMedia("(prefers-color-scheme: light)");
  #again = (): void => this.#draw();

  connectedCallback(): void {
    const text = this.querySelector("script")?.textContent;
    if (!text) return;
    this.#plot = JSON.parse(text) as Plot;
    this.#read = document.createElement("p");
    this.#read.className = "plot__read";
    this.#read.setAttribute("aria-hidden", "true");
    if (this.#plot.series.length > 1 && this.#plot.kind !== "dots") this.append(this.#key(this.#plot));
    this.append(this.#read);
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(this);
    this.#scheme.addEventListener("change", this.#again);
    this.#pngButton();
  }

  disconnectedCallback(): void {
    this.#observer?.disconnect();
    this.#scheme.removeEventListener("change", this.#again);
    this.#drawn?.destroy();
    this.#drawn = null;
  }

  #draw(): void {
    const plot = this.#plot;
    const width = Math.floor(this.clientWidth);
    if (plot === null || width < 60) return;
    if (this.#drawn !== null && this.#drawn.width === width && !this.#schemeChanged()) return;
    this.#drawn?.destroy();
    const height = (this.classList.contains("plot--tall") ? 340 : 200) + (slanted(plot) ? 50 : 0);
    const xs = measured(plot) ? plot.xs : plot.labels.map((_, at) => at);
    const data = [xs, ...plot.series.map((one) => one.values)] as uPlot.AlignedData;
    this.#drawn = new uPlot(this.#options(plot, width, height), data, this);
    this.#drawn.root.dataset.scheme = String(this.#scheme.matches);
    this.#drawn.root.setAttribute("role", "img");
    this.#drawn.root.setAttribute("aria-label", this.dataset.label ?? "");
  }

  #schemeChanged(): boolean {
    return this.#drawn?.root.dataset.scheme !== String(this.#scheme.matches);
  }

  #options(plot: Plot, width: number, height: number): uPlot.Options {
    const ink = this.#ink("--ink-faint");
    const grid = { stroke: this.#ink("--line"), width: 1 };
    const bars = plot.kind === "bars" || plot.kind === "names";
    const [bottom, top] = range(plot);
    return {
      width,
      height,
      legend: { show: false },
      // The last month's name reaches beyond its point.
      padding: [12, plot.kind === "line" || plot.kind === "bars" ? 30 : 10, 0, 0],
      cursor: { points: { show: !bars }, y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false, ...across(plot) },
        y: { range: [bottom, top] },
      },
      axes: [
        {
          stroke: ink, font: FONT, grid: { show: false }, ticks: { show: false }, gap: 6,
          space: plot.kind === "names" ? 8 : 64,
          size: slanted(plot) ? 92 : 28,
          rotate: slanted(plot) ? 40 : 0,
          ...this.#title(plot, 1),
          ...(measured(plot) ? {} : { incrs: [1, 2, 3, 4, 6, 12, 24] }),
          values: (_u, splits) => splits.map((at) => this.#label(plot, at)),
        },
        {
          stroke: ink, font: FONT, grid, ticks: { show: false }, size: 64,
          ...this.#title(plot, 0),
          values: (_u, splits) => splits.map((value) => this.#axis(plot, value)),
        },
      ],
      series: [{}, ...plot.series.map((one, at) => this.#line(plot, one, at, bars))],
      hooks: {
        drawClear: [(u) => this.#bands(u, plot)],
        draw: plot.kind === "line" ? [(u) => this.#alone(u, plot), (u) => this.#cut(u, plot)] : bars ? [(u) => this.#bars(u, plot), (u) => this.#whiskers(u, plot), (u) => this.#said(u, plot)] : plot.kind === "dots" ? [(u) => this.#whiskers(u, plot)] : [],
        setCursor: [(u) => this.#tell(u, plot)],
      },
    };
  }

  #line(plot: Plot, one: Series, at: number, bars: boolean): uPlot.Series {
    const single = one.values.filter((value) => value !== null).length < 2;
    const drawn: uPlot.Series = {
      label: one.name,
      stroke: this.#ink(INKS[at % INKS.length] ?? "--accent"),
      width: 2,
      points: { show: !bars && single },
      spanGaps: false,
    };
    if (bars) drawn.paths = () => null;
    if (plot.kind === "dots" && at === 0) {
      drawn.paths = () => null;
      drawn.points = { show: true, size: 9, fill: this.#ink(INKS[0] ?? "--accent") };
    } else if (plot.kind === "dots") {
      drawn.stroke = this.#ink("--ink-faint");
      drawn.dash = [6, 4];
      drawn.points = { show: false };
    }
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    if (plot.kind === "steps" && stepped) drawn.paths = stepped;
    return drawn;
  }

  /** Intervals behind the lines. */
  #bands(u: uPlot, plot: Plot): void {
    if (plot.kind === "bars" || plot.kind === "names" || plot.kind === "dots") return;
    const { ctx } = u;
    const xs = u.data[0];
    plot.series.forEach((one, at) => {
      if (one.low.length === 0) return;
      ctx.save();
      ctx.globalAlpha = 0.22;
      ctx.fillStyle = this.#ink(INKS[at % INKS.length] ?? "--accent");
      ctx.beginPath();
      const there: number[] = [];
      one.low.forEach((value, i) => value !== null && one.high[i] !== null && there.push(i));
      for (const i of there) ctx.lineTo(u.valToPos(xs[i] ?? 0, "x", true), u.valToPos(one.high[i] ?? 0, "y", true));
      for (const i of there.reverse()) ctx.lineTo(u.valToPos(xs[i] ?? 0, "x", true), u.valToPos(one.low[i] ?? 0, "y", true));
      ctx.closePath();
      ctx.fill();
      ctx.restore();
    });
  }

  /** Bars on a zero line: what adds above it, what takes away below it. */
  #bars(u: uPlot, plot: Plot): void {
    const { ctx } = u;
    const step = u.valToPos(1, "x", true) - u.valToPos(0, "x", true);
    const wide = Math.max(2, Math.min(step * 0.7, 56 * devicePixelRatio));
    plot.labels.forEach((_, x) => {
      let above = 0;
      let below = 0;
      const middle = u.valToPos(x, "x", true);
      plot.series.forEach((one, at) => {
        const value = one.values[x] ?? 0;
        const from = value >= 0 ? above : below;
        const to = from + value;
        if (value >= 0) above = to;
        else below = to;
        const y0 = u.valToPos(from, "y", true);
        const y1 = u.valToPos(to, "y", true);
        ctx.fillStyle = this.#ink(INKS[at % INKS.length] ?? "--accent");
        ctx.fillRect(middle - wide / 2, Math.min(y0, y1), wide, Math.abs(y1 - y0));
      });
    });
    ctx.fillStyle = this.#ink("--line-strong");
    const zero = u.valToPos(0, "y", true);
    ctx.fillRect(u.bbox.left, zero - 0.5, u.bbox.width, devicePixelRatio);
  }

  /** Intervals of single values: a line from the lowest to the highest, with a stop at each end. */
  #whiskers(u: uPlot, plot: Plot): void {
    const { ctx } = u;
    const one = plot.series[0];
    if (one === undefined || one.low.length === 0) return;
    const stop = 5 * devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = this.#ink(plot.kind === "dots" ? (INKS[0] ?? "--accent") : "--ink");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.beginPath();
    one.values.forEach((_, i) => {
      const [low, high] = [one.low[i] ?? null, one.high[i] ?? null];
      if (low === null || high === null) return;
      const x = u.valToPos(u.data[0][i] ?? 0, "x", true);
      const [bottom, top] = [u.valToPos(low, "y", true), u.valToPos(high, "y", true)];
      ctx.moveTo(x, bottom);
      ctx.lineTo(x, top);
      for (const end of [bottom, top]) {
        ctx.moveTo(x - stop, end);
        ctx.lineTo(x + stop, end);
      }
    });
    ctx.stroke();
    ctx.restore();
  }

  /** What an axis counts: 1 along, 0 up. Of dots that is what was said, and what came. */
  #title(plot: Plot, at: number): { label?: string; labelSize?: number; labelFont?: string } {
    const label = at === 1 ? plot.along : plot.kind === "dots" ? plot.series[0]?.name : "";
    return !label ? {} : { label, labelSize: 22, labelFont: FONT };
  }

  /** One single value is a point, and its interval a line. */
  #alone(u: uPlot, plot: Plot): void {
    const known = plot.series[0]?.values.filter((value) => value !== null).length ?? 0;
    if (known === 1) this.#whiskers(u, plot);
  }

  /** A value that would flatten all others leaves the plot at the top and is told there. */
  #cut(u: uPlot, plot: Plot): void {
    const top = u.scales.y?.max ?? Infinity;
    const { ctx } = u;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px "Instrument Sans", system-ui, sans-serif`;
    ctx.fillStyle = this.#ink("--ink-soft");
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    plot.series.forEach((one) => one.values.forEach((value, i) => {
      if (value === null || value <= top) return;
      // Beside the slope that leads away from it.
      const x = u.valToPos(u.data[0][i + 1] ?? u.data[0][i] ?? 0, "x", true) + 6 * devicePixelRatio;
      ctx.fillText(`↑ ${this.#axis(plot, value)}`, x, u.bbox.top);
    }));
    ctx.restore();
  }

  /** Each bar's value above it, where names stand wide enough apart. */
  #said(u: uPlot, plot: Plot): void {
    const one = plot.series[0];
    if (plot.kind !== "names" || one === undefined) return;
    const { ctx } = u;
    const step = u.valToPos(1, "x", true) - u.valToPos(0, "x", true);
    ctx.save();
    ctx.font = `600 ${13 * devicePixelRatio}px "Instrument Sans", system-ui, sans-serif`;
    ctx.fillStyle = this.#ink("--ink");
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    const texts = one.values.map((value) => (value === null ? "" : this.#axis(plot, value)));
    const widest = Math.max(...texts.map((text) => ctx.measureText(text).width));
    if (widest < step) {
      texts.forEach((text, i) => {
        const top = Math.max(0, one.values[i] ?? 0, one.high[i] ?? 0);
        ctx.fillText(text, u.valToPos(i, "x", true), u.valToPos(top, "y", true) - 4 * devicePixelRatio);
      });
    }
    ctx.restore();
  }

  /** What is under the pointer, in words. */
  #tell(u: uPlot, plot: Plot): void {
    const at = u.cursor.idx;
    if (this.#read === null) return;
    if (at === null || at === undefined || (u.cursor.left ?? -1) < 0) {
      this.#read.textContent = "";
      return;
    }
    const shown = plot.kind === "dots" ? plot.series.slice(0, 1) : plot.series;
    const parts = shown
      .map((one) => [one.name, one.values[at] ?? null] as const)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => (shown.length > 1 ? `${name} ${this.#number(plot, value)}` : this.#number(plot, value)));
    this.#read.textContent = `${plot.labels[at] ?? ""}: ${parts.join(" · ") || (this.dataset.none ?? "")}`;
  }

  #label(plot: Plot, at: number): string {
    if (plot.kind === "steps") return String(at);
    if (plot.kind === "dots") return this.#axis(plot, at);
    const text = Number.isInteger(at) ? (plot.labels[at] ?? "") : "";
    return plot.kind === "names" && text.length > NAME_CHARACTERS ? `${text.slice(0, NAME_CHARACTERS - 1)}…` : text;
  }

  #number(plot: Plot, value: number | null): string {
    if (value === null) return this.dataset.none ?? "";
    if (plot.unit === "share") return this.#format({ style: "percent", maximumFractionDigits: 1 }).format(value);
    if (plot.unit === "money" && plot.currency) {
      return this.#format({ style: "currency", currency: plot.currency }).format(value);
    }
    return this.#format({ maximumFractionDigits: 1 }).format(value);
  }

  #axis(plot: Plot, value: number): string {
    if (plot.unit === "share") return this.#format({ style: "percent", maximumFractionDigits: 1 }).format(value);
    if (plot.unit === "money" && plot.currency) {
      return this.#format({ style: "currency", currency: plot.currency, notation: "compact" }).format(value);
    }
    return this.#format({ notation: "compact" }).format(value);
  }

  #format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    return new Intl.NumberFormat(document.documentElement.dataset.locale ?? "en", options);
  }

  #ink(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim() || "currentColor";
  }

  #key(plot: Plot): HTMLElement {
    const list = document.createElement("ul");
    list.className = "plot__key";
    plot.series.forEach((one, at) => {
      const item = document.createElement("li");
      item.dataset.ink = String((at % INKS.length) + 1);
      item.textContent = one.name;
      list.append(item);
    });
    return list;
  }

  #pngButton(): void {
    const button = this.nextElementSibling?.querySelector<HTMLButtonElement>("[data-png]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => this.#save());
  }

  /** The plot on its page's ground with its name above, as a file. */
  #save(): void {
    const canvas = this.#drawn?.ctx.canvas;
    if (!canvas) return;
    const head = 32 * devicePixelRatio;
    const paper = document.createElement("canvas");
    paper.width = canvas.width;
    paper.height = canvas.height + head;
    const ctx = paper.getContext("2d");
    if (ctx === null) return;
    ctx.fillStyle = this.#ink("--ground");
    ctx.fillRect(0, 0, paper.width, paper.height);
    ctx.fillStyle = this.#ink("--ink");
    ctx.font = `600 ${15 * devicePixelRatio}px "Instrument Sans", system-ui, sans-serif`;
    ctx.fillText(this.dataset.label ?? "", 8 * devicePixelRatio, 21 * devicePixelRatio);
    ctx.drawImage(canvas, 0, head);
    paper.toBlob((blob) => {
      if (blob === null) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${(this.dataset.label ?? "plot").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }
}

/** Whether values stand at places of their own on the axis, and not one beside the other. */
function measured(plot: Plot): boolean {
  return plot.kind === "steps" || plot.kind === "dots";
}

/** Many names stand aslant, or they would write over one another. */
function slanted(plot: Plot): boolean {
  return plot.kind === "names" && plot.labels.length > 4;
}

function across(plot: Plot): { range?: [number, number] } {
  if (plot.kind === "steps") return {};
  if (plot.kind === "dots") return { range: [0, Math.max(...plot.xs) * 1.06 || 1] };
  return { range: [-0.5, plot.labels.length - 0.5] };
}

/**
 * The values that the axis is made for: without a share that is more than three times any other,
 * such as the churn of a first month in which two people could leave.
 */
function usual(plot: Plot, values: (number | null)[]): (number | null)[] {
  if (plot.kind !== "line" || plot.unit !== "share") return values;
  const [first, second] = values.filter((value) => value !== null).sort((a, b) => b - a);
  if (values.length < 6 || first === undefined || second === undefined) return values;
  return first > 3 * second ? values.filter((value) => value !== first) : values;
}

/** Lowest and highest of the y axis: bars and money start at zero, shares too. */
function range(plot: Plot): [number, number] {
  let low = 0;
  let high = 0;
  if (plot.kind === "bars" || plot.kind === "names") {
    for (const one of plot.series) high = Math.max(high, ...one.high.map((value) => value ?? 0));
    plot.labels.forEach((_, x) => {
      const values = plot.series.map((one) => one.values[x] ?? 0);
      high = Math.max(high, values.filter((v) => v > 0).reduce((a, b) => a + b, 0));
      low = Math.min(low, values.filter((v) => v < 0).reduce((a, b) => a + b, 0));
    });
  } else {
    for (const one of plot.series) {
      for (const value of [...usual(plot, one.values), ...one.low, ...one.high]) {
        if (value === null) continue;
        high = Math.max(high, value);
        low = Math.min(low, value);
      }
    }
  }
  // Names have their values written above them.
  const room = (high - low) * (plot.kind === "names" ? 0.16 : 0.08) || 1;
  const highest = plot.unit === "share" && plot.kind !== "names" ? Math.max(1, high) : Infinity;
  return [low < 0 ? low - room : 0, Math.min(high + room, highest)];
}

customElements.define("figure-chart", FigureChart);
