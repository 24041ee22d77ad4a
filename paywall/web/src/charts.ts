/** Script of pages with plots, beside the console's own. */
import "./figure-chart";
