/** A form that came back with errors is read from its summary on: focus goes there once. */
document.getElementById("error-summary")?.focus();
