/** Script of every viewer page: htmx and the custom elements that are alive outside the player. */
import "htmx.org";
import "./local-time";
import "./card-checkout";
import "./payment-element";
import "./passkey-button";
import "./copy-text";
import "./toasts";
import "./menus";
import "./help-panel";
import "./live-notice";
import "./error-focus";
import "./visit-count";
