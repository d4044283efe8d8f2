/** The page. */
import { mount } from "./app.js";
import { start } from "./source.js";
import { bindAddress, failure } from "./state.js";
import "uplot/dist/uPlot.min.css";
import "./styles.css";

bindAddress();
const root = document.getElementById("app");
if (root !== null) mount(root);
start().catch((error: unknown) => {
  failure.value = { slot: "first", message: error instanceof Error ? error.message : String(error) };
});
