/**
 * <payment-element gateway="stripe" public-key client-secret return-url script-url></payment-element>
 * <payment-element gateway="adyen" public-key session-id session-data environment country
 *                  return-url script-url style-url></payment-element>
 *
 * Mounts the processor's own card fields (we never see a card number) and leaves for return-url
 * when the processor has an answer. The outcome is the server's to establish: return-url carries
 * nothing that it trusts. Texts: data-pay, data-working, data-unavailable, data-retry, data-declined.
 */
interface StripeElement { mount(target: HTMLElement): void; on(name: "ready", then: () => void): void }
interface StripeElements {
  create(kind: "payment", options?: Record<string, unknown>): StripeElement;
}
interface StripeError { type?: string; message?: string }
interface StripeClient {
  elements(options: Record<string, unknown>): StripeElements;
  confirmPayment(options: {
    elements: StripeElements;
    confirmParams: { return_url: string };
  }): Promise<{ error?: StripeError }>;
}
interface AdyenCore { submitDetails(details: { details: { redirectResult: string } }): void }
interface AdyenWeb {
  AdyenCheckout(config: Record<string, unknown>): Promise<AdyenCore>;
  Dropin: new (core: AdyenCore, options?: Record<string, unknown>) => { mount(target: HTMLElement): unknown };
}
declare global {
  interface Window {
    Stripe?: (publicKey: string, options?: { locale?: string }) => StripeClient;
    AdyenWeb?: AdyenWeb;
  }
}

const LOAD_TIMEOUT_MS = 20_000;

function load(tag: "script" | "link", url: string): Promise<void> {
  const attribute = tag === "script" ? "src" : "href";
  if (document.querySelector(`${tag}[${attribute}="${CSS.escape(url)}"]`) !== null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const element = document.createElement(tag);
    if (element instanceof HTMLScriptElement) {
      element.src = url;
      element.async = true;
    } else {
      (element as HTMLLinkElement).rel = "stylesheet";
      (element as HTMLLinkElement).href = url;
    }
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => {
      element.remove();
      reject(new Error(`cannot load ${url}`));
    });
    setTimeout(() => reject(new Error(`no answer from ${url}`)), LOAD_TIMEOUT_MS);
    document.head.append(element);
  });
}

class PaymentElement extends HTMLElement {
  connectedCallback(): void {
    void this.start();
  }

  private need(name: string): string {
    const value = this.getAttribute(name);
    if (value === null || value === "") throw new Error(`payment-element: ${name} is missing`);
    return value;
  }

  private get locale(): string {
    return document.documentElement.dataset["locale"] ?? document.documentElement.lang;
  }

  private async start(): Promise<void> {
    try {
      if (this.getAttribute("gateway") === "stripe") await this.mountStripe();
      else await this.mountAdyen();
    } catch (error) {
      console.error(error);
      this.showUnavailable();
    }
  }

  private async mountStripe(): Promise<void> {
    await load("script", this.need("script-url"));
    if (window.Stripe === undefined) throw new Error("stripe.js loaded without Stripe");
    const stripe = window.Stripe(this.need("public-key"), { locale: this.locale });
    const elements = stripe.elements({ clientSecret: this.need("client-secret"), appearance: this.appearance() });
    const mount = document.createElement("div");
    const error = document.createElement("p");
    error.className = "field__error";
    error.setAttribute("role", "alert");
    const pay = document.createElement("button");
    pay.type = "button";
    pay.className = "button button--primary button--wide";
    pay.textContent = this.dataset["pay"] ?? "";
    pay.disabled = true;
    const payment = elements.create("payment", { layout: { type: "tabs" } });
    payment.on("ready", () => {
      this.querySelectorAll(".skeleton").forEach((item) => item.remove());
      pay.disabled = false;
    });
    const box = document.createElement("div");
    box.className = "stack";
    box.append(mount, error, pay);
    this.append(box);
    payment.mount(mount);
    pay.addEventListener("click", () => void this.confirmStripe(stripe, elements, pay, error));
  }

  private async confirmStripe(stripe: StripeClient, elements: StripeElements, pay: HTMLButtonElement, out: HTMLElement): Promise<void> {
    if (pay.getAttribute("aria-busy") === "true") return;
    pay.setAttribute("aria-busy", "true");
    pay.textContent = this.dataset["working"] ?? "";
    out.textContent = "";
    // On success Stripe itself leaves for return_url; the promise resolves only with an error.
    const { error }: { error?: StripeError } = await stripe
      .confirmPayment({
        elements,
        confirmParams: { return_url: new URL(this.need("return-url"), location.href).href },
      })
      .catch((failure: unknown) => {
        console.error(failure);
        return { error: { message: this.dataset["unavailable"] ?? "" } };
      });
    pay.removeAttribute("aria-busy");
    pay.textContent = this.dataset["pay"] ?? "";
    // Validation is shown by the element beside its field; the rest is ours to say.
    if (error !== undefined && error.type !== "validation_error") out.textContent = error.message ?? this.dataset["declined"] ?? "";
  }

  private async mountAdyen(): Promise<void> {
    const style = this.getAttribute("style-url");
    await Promise.all([load("script", this.need("script-url")), style === null ? undefined : load("link", style)]);
    const adyen = window.AdyenWeb;
    if (adyen === undefined) throw new Error("adyen.js loaded without AdyenWeb");
    // The result helps the server to ask Adyen how the session ended; it proves nothing by itself.
    const leave = (told?: { sessionResult?: string }): void => {
      const onward = new URL(this.need("return-url"), location.href);
      if (told?.sessionResult) onward.searchParams.set("sessionResult", told.sessionResult);
      location.assign(onward.href);
    };
    const redirectResult = new URLSearchParams(location.search).get("redirectResult");
    const sessionData = this.getAttribute("session-data");
    const core = await adyen.AdyenCheckout({
      // After a redirect only the id is needed; sessionData then comes from Adyen.
      session: sessionData === null ? { id: this.need("session-id") } : { id: this.need("session-id"), sessionData },
      clientKey: this.need("public-key"),
      environment: this.getAttribute("environment") ?? "test",
      countryCode: this.need("country"),
      locale: this.locale,
      onPaymentCompleted: leave,
      onPaymentFailed: leave,
      onError: (error: unknown) => {
        console.error(error);
        // A shopper who closes a wallet has not failed: the drop-in stays usable.
        if ((error as { name?: string }).name !== "CANCEL") this.showUnavailable();
      },
    });
    this.querySelectorAll(".skeleton").forEach((item) => item.remove());
    if (redirectResult !== null) {
      core.submitDetails({ details: { redirectResult } });
      return;
    }
    const mount = document.createElement("div");
    this.append(mount);
    new adyen.Dropin(core).mount(mount);
  }

  /** Stripe's fields live in its own frame, so our tokens are handed over by value. */
  private appearance(): Record<string, unknown> {
    const style = getComputedStyle(this);
    const token = (name: string): string => style.getPropertyValue(name).trim();
    const dark = style.colorScheme === "dark";
    return {
      theme: dark ? "night" : "stripe",
      variables: {
        colorPrimary: token("--accent"),
        colorBackground: token("--surface"),
        colorText: token("--ink"),
        colorTextSecondary: token("--ink-soft"),
        colorDanger: token("--bad"),
        borderRadius: token("--radius"),
        fontSizeBase: "16px",
        spacingUnit: token("--s1"),
      },
    };
  }

  private showUnavailable(): void {
    const text = document.createElement("p");
    text.className = "soft";
    text.textContent = this.dataset["unavailable"] ?? "";
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button";
    retry.textContent = this.dataset["retry"] ?? "";
    retry.addEventListener("click", () => location.reload());
    const box = document.createElement("div");
    box.className = "stack";
    box.setAttribute("role", "alert");
    box.append(text, retry);
    this.replaceChildren(box);
  }
}

customElements.define("payment-element", PaymentElement);

export {};
