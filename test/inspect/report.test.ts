import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";

import { makeReport } from "#skein/inspect/report";

/** As a browser reads it: a script ends at the first `</script`, whatever is in it. */
function scriptsOf(html: string): { readonly attributes: string; readonly text: string }[] {
  return [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script/g)].map(([, attributes = "", text = ""]) => ({
    attributes,
    text,
  }));
}

describe("a report", () => {
  const trace = new TextEncoder().encode("</script><script>alert(1)</script><!-- a trace");
  const html = makeReport('a "name" & <b>', trace);

  it("holds the page, its worker and the trace, each whole in its element", () => {
    const scripts = scriptsOf(html);
    assert.deepEqual(
      scripts.map(({ attributes }) => attributes.trim().split(" ")[0]),
      ['type="text/plain"', 'type="text/plain"', 'type="module"'],
    );
    const [, stored] = scripts;
    assert.deepEqual(new Uint8Array(gunzipSync(Buffer.from(stored?.text ?? "", "base64"))), trace);
  });

  it("may run only its own script, and load nothing", () => {
    const [policy = ""] = /content="(default-src[^"]*)"/.exec(html)?.slice(1) ?? [];
    const script = scriptsOf(html).at(-1)?.text ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    assert.ok(policy.includes(`script-src 'sha256-${hash}';`));
    assert.doesNotMatch(policy, /unsafe|connect-src|https?:/);
    assert.match(policy, /default-src 'none'/);
  });

  it("bears the name as text", () => {
    assert.ok(html.includes("<title>a &quot;name&quot; &amp; &lt;b> · Skein</title>"));
    assert.ok(html.includes('data-name="a &quot;name&quot; &amp; &lt;b>"'));
  });
});
