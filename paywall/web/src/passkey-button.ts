/**
 * <passkey-button mode="register|login" options-url verify-url data-failed data-unsupported>
 *   <button type="button">…</button> <p data-status role="alert"></p>
 * </passkey-button>
 *
 * POST options-url -> {"id": ceremony, "public_key": WebAuthn options as JSON}.
 * POST verify-url with {"ceremony", "credential"} and the values of named inputs inside; then on to
 * the path in `input[name=next]`, or the same page anew. A problem+json is told by `data-fresh` or `data-failed`.
 */
import { jsonHeaders } from "./json-headers";

type Json = Record<string, unknown>;
interface Problem { code?: string }

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded), (char) => char.charCodeAt(0));
}

function base64url(buffer: ArrayBuffer): string {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list ?? []) as Json[]).map((item) => ({ ...item, id: bytes(String(item["id"])) }) as unknown as PublicKeyCredentialDescriptor);
}

export function creationOptions(json: Json): PublicKeyCredentialCreationOptions {
  if ("parseCreationOptionsFromJSON" in PublicKeyCredential) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(json as unknown as PublicKeyCredentialCreationOptionsJSON);
  }
  const user = json["user"] as Json;
  return {
    ...json,
    challenge: bytes(String(json["challenge"])),
    user: { ...user, id: bytes(String(user["id"])) },
    excludeCredentials: descriptors(json["excludeCredentials"]),
  } as unknown as PublicKeyCredentialCreationOptions;
}

export function requestOptions(json: Json): PublicKeyCredentialRequestOptions {
  if ("parseRequestOptionsFromJSON" in PublicKeyCredential) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(json as unknown as PublicKeyCredentialRequestOptionsJSON);
  }
  return {
    ...json,
    challenge: bytes(String(json["challenge"])),
    allowCredentials: descriptors(json["allowCredentials"]),
  } as unknown as PublicKeyCredentialRequestOptions;
}

export function credentialJson(credential: PublicKeyCredential): Json {
  // Some password managers answer with a credential whose toJSON throws: hence the long way.
  try {
    if (typeof credential.toJSON === "function") return credential.toJSON() as unknown as Json;
  } catch { /* fall through */ }
  const answer = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Json = { clientDataJSON: base64url(answer.clientDataJSON) };
  if ("attestationObject" in answer) {
    response["attestationObject"] = base64url(answer.attestationObject);
    response["transports"] = answer.getTransports?.() ?? [];
  } else {
    const assertion = answer as AuthenticatorAssertionResponse;
    response["authenticatorData"] = base64url(assertion.authenticatorData);
    response["signature"] = base64url(assertion.signature);
    response["userHandle"] = assertion.userHandle === null ? null : base64url(assertion.userHandle);
  }
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

class PasskeyButton extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (button === null) return;
    if (window.PublicKeyCredential === undefined) {
      button.disabled = true;
      this.say(this.dataset["unsupported"] ?? "");
      return;
    }
    button.addEventListener("click", () => void this.run(button));
  }

  private async run(button: HTMLButtonElement): Promise<void> {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    this.say("");
    try {
      const options = await this.post(this.getAttribute("options-url") ?? "", {});
      const inner = options["public_key"] as Json;
      const credential = this.getAttribute("mode") === "register"
        ? await navigator.credentials.create({ publicKey: creationOptions(inner) })
        : await navigator.credentials.get({ publicKey: requestOptions(inner) });
      if (credential === null) throw new DOMException("no credential", "NotAllowedError");
      const extra: Json = {};
      for (const input of this.querySelectorAll<HTMLInputElement>("input[name]:not([name=next])")) extra[input.name] = input.value;
      await this.post(this.getAttribute("verify-url") ?? "", { ceremony: options["id"], credential: credentialJson(credential as PublicKeyCredential), ...extra });
      const next = this.querySelector<HTMLInputElement>("input[name=next]")?.value ?? "";
      location.assign(/^\/(?![/\\])/.test(next) ? next : location.href);
    } catch (error) {
      // NotAllowedError is a person closing the dialog: nothing to report.
      if (!(error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name))) {
        this.say(error instanceof Error && error.name === "Problem" ? error.message : this.dataset["failed"] ?? "");
      }
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  private async post(url: string, body: Json): Promise<Json> {
    const answer = await fetch(url, { method: "POST", headers: jsonHeaders(), body: JSON.stringify(body) });
    const json = (await answer.json()) as Json;
    if (answer.ok) return json;
    // The page brought both sentences in the reader's language; the server's own is English.
    const words = (json as Problem).code === "fresh_check_needed" ? this.dataset["fresh"] : this.dataset["failed"];
    const problem = new Error(words ?? "");
    problem.name = "Problem";
    throw problem;
  }

  private say(text: string): void {
    const status = this.querySelector<HTMLElement>("[data-status]");
    if (status === null) return;
    status.textContent = text;
    status.hidden = text === "";
  }
}

customElements.define("passkey-button", PasskeyButton);
