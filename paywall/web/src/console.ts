/** Script of the console: the viewer's small elements and the drafts that save themselves. */
import "htmx.org";
import "./local-time";
import "./passkey-button";
import "./copy-text";
import "./draft-form";
import "./toasts";
import "./menus";
import "./table-keys";
import "./case-keys";
import "./case-watch";
import "./confirm-passkey";
