/** Runs the labs that the handbook shows, and writes what they print into it: `npm run handbook`. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, since } from "./compile.mjs";

const PAGES = [
  { file: "docs/handbook/README.md", language: "en" },
  { file: "docs/handbook/README.ru.md", language: "ru" },
];
const SHOWN = /(<!-- lab (?<lab>[\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g;
/** Narrow enough for a page. */
const COLUMNS = 84;

/** What a lab prints, short of what a page says in its own words. */
function shownBy(lab, language) {
  const startMs = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "dist/cli/bin.js"), "lab", lab, "--lang", language],
    { encoding: "utf8", env: { ...process.env, COLUMNS: String(COLUMNS) } },
  );
  if (status !== 0) throw new Error(`lab ${lab} ended with ${status}:\n${stderr}${stdout}`);
  const sections = stdout.trim().split(/\n(?=  \S)/);
  const isOfPage = (section) =>
    !/^  (?:Claim|Predict|Meaning|Change|Утверждение|Прогноз|Смысл|Дальше)\b/u.test(section);
  console.log(`handbook: lab ${lab}, ${language} (${since(startMs)})`);
  return sections.filter(isOfPage).join("\n").trimEnd();
}

for (const { file, language } of PAGES) {
  const path = join(ROOT, file);
  const page = readFileSync(path, "utf8");
  const shown = page.replaceAll(
    SHOWN,
    (_whole, begin, lab, end) => `${begin}\n\`\`\`text\n${shownBy(lab, language)}\n\`\`\`\n\n${end}`,
  );
  writeFileSync(path, shown);
}
