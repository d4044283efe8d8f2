/** What the keys do, over everything else. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { hasLabs, showsKeys, t } from "./state.js";
import type { TextKey } from "./texts.js";

const KEYS: readonly (readonly [string, TextKey])[] = [
  ["W S", "keys.zoom"],
  ["A D", "keys.pan"],
  ["↑ ↓", "keys.scroll"],
  ["Ctrl + ⊙", "keys.wheel"],
  ["F", "keys.fit"],
  ["Z", "keys.zoomSelected"],
  ["/", "keys.search"],
  ["[ ]", "keys.slice"],
  ["O", "keys.order"],
  ["C", "keys.colour"],
  ["G", "keys.jump"],
  ["↔", "keys.drag"],
  ["Enter", "keys.enter"],
  ["1 – 8", "keys.screens"],
  ["Esc", "keys.escape"],
  ["?", "keys.help"],
];

export function KeysHelp(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="keys" onClose={() => (showsKeys.value = false)} data-testid="keys">
      <h2>{t("app.keys")}</h2>
      <dl>
        {KEYS.map(([key, text]) => (
          <div key={text}>
            <dt>
              <kbd>{text === "keys.screens" && hasLabs.value ? "1 – 9" : key}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="button" onClick={() => (showsKeys.value = false)}>
        {t("app.close")}
      </button>
    </dialog>
  );
}
