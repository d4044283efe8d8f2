/** Colours of the canvas, as the style sheet has them. */
import { computed } from "@preact/signals";

import { theme } from "./state.js";
import type { Colours } from "./timeline/canvas-timeline.js";

export const colours = computed<Colours>(() =>
  theme.value === "dark"
    ? {
        isDark: true,
        background: "#12161c",
        heading: "#1b212a",
        text: "#e4e9f0",
        weak: "#8b97a8",
        line: "#232b36",
        accent: "#6aa7f0",
        problem: "#f0698f",
      }
    : {
        isDark: false,
        background: "#ffffff",
        heading: "#f0f3f7",
        text: "#1a212b",
        weak: "#5d6979",
        line: "#e6ebf1",
        accent: "#1f6fd0",
        problem: "#c42565",
      },
);
